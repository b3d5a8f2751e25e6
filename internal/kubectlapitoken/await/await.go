// SPDX-License-Identifier: Apache-2.0

// Package await waits for what the operator does with an ApiToken. It asks again and again, which takes the right to get
// the token alone, and outlasts an API server that restarts.
package await

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
)

// DefaultTimeout is that of --wait without a value.
const DefaultTimeout = time.Minute

// interval is how often it asks.
const interval = 250 * time.Millisecond

// Limit bounds the time of waiting, for one token or for several together.
type Limit struct {
	timeout time.Duration
	end     time.Time
}

// For is a time from now on.
func For(timeout time.Duration) Limit { return Limit{timeout, time.Now().Add(timeout)} }

// read has a moment also when the time is over: each of several tokens is looked at once.
func read(ctx context.Context, api client.Client, key client.ObjectKey, into *v1alpha1.ApiToken, end time.Time) error {
	if moment := time.Now().Add(2 * time.Second); moment.After(end) {
		end = moment
	}
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	return api.Get(ctx, key, into)
}

// Until asks for a token until done says so or returns an error, at most up to the limit. last is what was read last. what
// it waits for is how a message goes on after "ApiToken x/y", such as "has no new credential".
func Until(
	ctx context.Context, api client.Client, key client.ObjectKey, limit Limit, what string,
	done func(*v1alpha1.ApiToken) (bool, error),
) (last *v1alpha1.ApiToken, err error) {
	waiting, cancel := context.WithDeadline(ctx, limit.end)
	defer cancel()
	var trouble error
	err = wait.PollUntilContextCancel(waiting, interval, true, func(context.Context) (bool, error) {
		t := &v1alpha1.ApiToken{}
		trouble = read(ctx, api, key, t, limit.end)
		switch {
		case apierrors.IsForbidden(trouble), apierrors.IsNotFound(trouble):
			return false, cluster.Explain(trouble, fmt.Sprintf("wait for the ApiToken %s", key),
				cluster.Right{Verb: "get", Resource: "apitokens", Namespace: key.Namespace})
		case trouble != nil:
			return false, nil //nolint:nilerr // the API server may come back
		}
		last = t
		return done(t)
	})
	if wait.Interrupted(err) || errors.Is(err, context.DeadlineExceeded) {
		return last, timedOut(key, last, limit.timeout, what, trouble)
	}
	return last, err
}

// timedOut says how far the token has come.
func timedOut(key client.ObjectKey, last *v1alpha1.ApiToken, timeout time.Duration, what string, trouble error) error {
	if trouble != nil && last == nil {
		return exit.Errorf(exit.TimedOut, "ApiToken %s could not be read for %s: %w", key, timeout, trouble)
	}
	reason, message := "", ""
	if last != nil {
		reason, message = tokens.Reason(last)
	}
	if reason == "" {
		return exit.Errorf(exit.TimedOut, "the operator has not looked at ApiToken %s within %s: does it run?", key, timeout)
	}
	text := fmt.Sprintf("ApiToken %s %s after %s", key, what, timeout)
	if last.Status.ObservedGeneration != last.Generation || reason == v1alpha1.ReasonIssued || reason == v1alpha1.ReasonSuspended {
		return exit.Errorf(exit.TimedOut, "%s: does the operator run?", text) // what its status says is of before
	}
	text += fmt.Sprintf(": %s: %s", reason, message)
	if advice := tokens.FurtherAdvice(reason, message); advice != "" {
		text += "; " + advice
	}
	return exit.Errorf(exit.TimedOut, "%s", text)
}

// Active tells whether a token works, or says why it won't: its state is one that only a person can change.
func Active(now clock.PassiveClock) func(*v1alpha1.ApiToken) (bool, error) {
	return func(t *v1alpha1.ApiToken) (bool, error) {
		if t.Status.ObservedGeneration != t.Generation {
			return false, nil
		}
		switch state := tokens.StateOf(t, now.Now()); state {
		case tokens.Live:
			return true, nil
		case tokens.Refused, tokens.Expired, tokens.Suspended, tokens.Deleting:
			reason, message := tokens.Reason(t)
			text := fmt.Sprintf("ApiToken %s is %s: %s: %s", tokens.Name(t), state, reason, message)
			if advice := tokens.FurtherAdvice(reason, message); advice != "" {
				text += "; " + advice
			}
			return false, exit.Errorf(exit.Refused, "%s", text)
		case tokens.Waiting:
		}
		return false, nil
	}
}

// AddFlag adds --wait, with or without a value, to a command's flags. 0: it does not wait.
func AddFlag(fs *pflag.FlagSet, into *time.Duration, what string) {
	fs.DurationVar(into, "wait", 0, what+fmt.Sprintf(", for so long (--wait alone: %s)", DefaultTimeout))
	fs.Lookup("wait").NoOptDefVal = DefaultTimeout.String()
}
