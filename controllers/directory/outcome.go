// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/jira"
)

// outcome is how asking Jira went.
type outcome struct {
	// asked: a question was put to Jira, or could not be.
	asked bool
	ended time.Time
	// trouble is what stopped it; nil: nothing did.
	trouble *problem
	// unread says by folded name why single groups could not be read, and unseen the same of users.
	unread, unseen map[string]error
	// read are the folded names of groups that Jira spoke of.
	read       []string
	retryAfter time.Duration
	// lost: what was read could not be kept.
	lost bool
}

func (o *outcome) failed() bool { return o.lost || o.trouble != nil || len(o.unread)+len(o.unseen) > 0 }

func (o *outcome) refused() bool {
	return o.trouble != nil && o.trouble.reason == v1alpha1.ReasonDirectoryRefused
}

// asWhole is what the status says of an outcome; nil: nothing went wrong.
func (o *outcome) asWhole() *problem {
	if o.trouble != nil {
		return o.trouble
	}
	what := "group"
	name, err := first(o.unread)
	if err == nil {
		what = "user"
		name, err = first(o.unseen)
	}
	if err == nil {
		return nil
	}
	reason := v1alpha1.ReasonDirectoryUnreachable
	if _, ok := errors.AsType[*jira.RefusedError](err); ok {
		reason = v1alpha1.ReasonDirectoryRefused
	}
	return &problem{reason: reason, message: fmt.Sprintf("%s %q could not be read: %v", what, name, err)}
}

// first is one of several failures, always the same one.
func first(failures map[string]error) (name string, err error) {
	names := slices.Sorted(maps.Keys(failures))
	if len(names) == 0 {
		return "", nil
	}
	return names[0], failures[names[0]]
}
