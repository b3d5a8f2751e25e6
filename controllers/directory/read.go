// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/jira"
)

const (
	// readers is how many questions Jira is asked at once.
	readers = 4
	// readTimeout bounds a whole refresh.
	readTimeout = 10 * time.Minute
)

// reading asks Jira. It stops as soon as an answer says that no other question would fare better.
type reading struct {
	client *jira.Client

	mu      sync.Mutex // guards all that follows
	outcome outcome
	said    directory.Reading
}

func newReading(c *jira.Client, at time.Time) *reading {
	return &reading{
		client:  c,
		outcome: outcome{asked: true, unread: map[string]error{}, unseen: map[string]error{}},
		said:    directory.Reading{At: at, Groups: map[string][]directory.Account{}},
	}
}

// groups reads groups. One that can't be read stops no other.
func (r *reading) groups(ctx context.Context, names []string) {
	r.each(ctx, names, func(name string) {
		users, err := r.client.GroupMembers(ctx, name)
		r.mu.Lock()
		defer r.mu.Unlock()
		_, missing := errors.AsType[*jira.NotFoundError](err)
		switch {
		case missing:
			r.said.Missing = append(r.said.Missing, name)
		case err != nil:
			r.fail(r.outcome.unread, name, err)
			return
		default:
			accounts := make([]directory.Account, len(users))
			for i, u := range users {
				accounts[i] = directory.Account(u)
			}
			r.said.Groups[name] = accounts
		}
		r.outcome.read = append(r.outcome.read, grant.FoldUser(name))
	})
}

// users looks up users.
func (r *reading) users(ctx context.Context, names []string) {
	r.each(ctx, names, func(name string) {
		u, err := r.client.UserByName(ctx, name)
		r.mu.Lock()
		defer r.mu.Unlock()
		if _, missing := errors.AsType[*jira.NotFoundError](err); missing {
			u, err = jira.User{Name: name}, nil
		}
		if err != nil {
			r.fail(r.outcome.unseen, name, err)
			return
		}
		r.said.Users = append(r.said.Users, directory.Account(u))
	})
}

// each puts the first question alone: if the credential is no good, one wrong password is enough.
func (r *reading) each(ctx context.Context, names []string, ask func(name string)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work := func(i int) {
		if r.stopped() {
			cancel()
			return
		}
		ask(names[i])
	}
	if len(names) > 0 {
		work(0)
	}
	if len(names) > 1 {
		workqueue.ParallelizeUntil(ctx, readers, len(names)-1, func(i int) { work(i + 1) })
	}
}

func (r *reading) stopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outcome.trouble != nil
}

// fail takes down a failure: of everything, or of one question.
func (r *reading) fail(single map[string]error, name string, err error) {
	unavailable, isUnavailable := errors.AsType[*jira.UnavailableError](err)
	refusal, isRefusal := errors.AsType[*jira.RefusedError](err)
	switch {
	case isUnavailable:
		r.outcome.retryAfter = max(r.outcome.retryAfter, unavailable.RetryAfter)
		if unavailable.Everywhere {
			r.outcome.trouble = &problem{reason: v1alpha1.ReasonDirectoryUnreachable, message: err.Error()}
			return
		}
	case isRefusal && refusal.Everywhere:
		r.outcome.trouble = &problem{reason: v1alpha1.ReasonDirectoryRefused, message: err.Error()}
		return
	case !isRefusal: // the time for all of it is up
		r.outcome.trouble = &problem{
			reason:  v1alpha1.ReasonDirectoryUnreachable,
			message: fmt.Sprintf("Jira did not answer all questions within %s", readTimeout),
		}
		return
	}
	single[grant.FoldUser(name)] = err
}
