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

// Until asks for a token until done says so or returns an error, at most for the timeout. last is what was read last.
func Until(
	ctx context.Context, api client.Client, key client.ObjectKey, timeout time.Duration,
	done func(*v1alpha1.ApiToken) (bool, error),
) (last *v1alpha1.ApiToken, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var trouble error
	err = wait.PollUntilContextCancel(ctx, interval, true, func(ctx context.Context) (bool, error) {
		t := &v1alpha1.ApiToken{}
		trouble = api.Get(ctx, key, t)
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
		return last, timedOut(key, last, timeout, trouble)
	}
	return last, err
}

// timedOut says how far the token has come.
func timedOut(key client.ObjectKey, last *v1alpha1.ApiToken, timeout time.Duration, trouble error) error {
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
	text := fmt.Sprintf("ApiToken %s is not there yet after %s: %s: %s", key, timeout, reason, message)
	if advice := tokens.FurtherAdvice(reason, message); advice != "" && reason != v1alpha1.ReasonIssued {
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
