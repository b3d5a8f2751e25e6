// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/activity"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

const (
	// patience is how long a report is held while it is written.
	patience = 10 * time.Second
	// bodyPatience is how long a report may take to come.
	bodyPatience = 20 * time.Second
)

// callError is an answer that is no report's results.
type callError struct {
	status  int
	result  string // for the metric
	message string
}

// Error is what the gateway is told.
func (e *callError) Error() string { return e.message }

// ServeHTTP takes a report. It is given nothing that it has not authenticated, and nothing for long.
func (r *Recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	results, err := r.take(w, request)
	var refused *callError
	switch {
	case errors.As(err, &refused):
	case err != nil:
		log.FromContext(request.Context()).Error(err, "a report of activity could not be taken")
		refused = &callError{http.StatusServiceUnavailable, "error", "the manager can't take reports just now"}
	default:
		r.metrics.reports.WithLabelValues("taken").Inc()
		answer, err := json.Marshal(activity.Answer{Results: results})
		if err != nil { // strings can always be marshalled
			panic(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer) // where the gateway has gone, it will report again
		return
	}
	r.metrics.reports.WithLabelValues(refused.result).Inc()
	http.Error(w, refused.message, refused.status)
}

func (r *Recorder) take(w http.ResponseWriter, request *http.Request) ([]activity.Result, error) {
	ctx := request.Context()
	if request.Method != http.MethodPost {
		return nil, &callError{http.StatusMethodNotAllowed, resultMalformed, "reports are sent with POST"}
	}
	who, err := r.callers.authenticate(ctx, request)
	if err != nil {
		return nil, err
	}
	policy, err := r.policyOf(ctx, who)
	if err != nil {
		return nil, err
	}
	key := client.ObjectKeyFromObject(policy)
	if !r.calls.enter(key) {
		return nil, &callError{http.StatusServiceUnavailable, "busy", "too many reports are being written; try again later"}
	}
	defer r.calls.leave(key)
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyPatience)) // where it can't be set, calls are bounded all the same
	report, err := activity.ReadReport(request.Body)
	if err != nil {
		return nil, &callError{http.StatusBadRequest, resultMalformed, err.Error()}
	}
	_ = control.SetReadDeadline(time.Time{})
	if activity.SettingsOf(policy).Disabled {
		return all(activity.Dropped, len(report.Uses)), nil
	}
	if err := r.hear(ctx, policy); err != nil {
		log.FromContext(ctx).Error(err, "that the gateways report could not be written", "policy", key.String())
	}
	return r.handle(ctx, policy, report)
}

// handle has a report written as far as it goes.
func (r *Recorder) handle(ctx context.Context, policy *v1alpha1.TokenPolicy, report *activity.Report) ([]activity.Result, error) {
	c := &call{jobs: make([]*job, len(report.Uses))}
	settings, now := activity.SettingsOf(policy), r.Clock.Now()
	var senseless nonsense
	for i := range report.Uses {
		use := &report.Uses[i]
		j := &job{policy: client.ObjectKeyFromObject(policy), gateway: report.Gateway, call: c}
		if err := use.Clean(settings.Precision, now); err != nil {
			senseless.add(i, err)
			j.result = activity.Dropped
		} else if j.result, err = r.judge(ctx, policy, use); err != nil {
			return nil, err
		}
		j.use, j.since = *use, now.Add(-time.Duration(use.Waiting)*time.Second)
		c.jobs[i] = j
	}
	r.tell(ctx, client.ObjectKeyFromObject(policy), &senseless)
	r.queue.add(client.ObjectKeyFromObject(policy), c)
	r.await(ctx, c)
	results := make([]activity.Result, len(c.jobs))
	for i, j := range c.jobs {
		results[i] = j.result
	}
	return results, nil
}

// await waits for all jobs of a call, or for as long as it goes; those that are just being written are waited for.
func (r *Recorder) await(ctx context.Context, c *call) {
	timer := r.Clock.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c.done:
		return
	case <-ctx.Done():
	case <-timer.C():
	}
	r.queue.withdraw(c)
	<-c.done
}

// judge gives the result of a use that is not to be written; empty: it is. Only tokens of the gateway's own policy are its
// affair.
func (r *Recorder) judge(ctx context.Context, policy *v1alpha1.TokenPolicy, use *activity.Use) (activity.Result, error) {
	t, err := r.token(ctx, use.Token)
	switch {
	case err != nil:
		return "", err
	case t == nil:
		return activity.Unknown, nil
	case !belongs(t, client.ObjectKeyFromObject(policy)):
		return activity.Dropped, nil
	case r.isRefused(t.UID):
		return activity.Later, nil
	}
	return "", nil
}

func belongs(t *v1alpha1.ApiToken, policy types.NamespacedName) bool {
	return t.Spec.PolicyRef.Name == policy.Name && string(t.Spec.PolicyRef.Namespace) == policy.Namespace
}

// policyOf is whose gateway the caller is.
func (r *Recorder) policyOf(ctx context.Context, who types.NamespacedName) (*v1alpha1.TokenPolicy, error) {
	var list v1alpha1.TokenPolicyList
	if err := r.Client.List(ctx, &list, client.InNamespace(who.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list policies: %w", err)
	}
	for i := range list.Items {
		if resources.GatewayName(list.Items[i].Name) == who.Name {
			return &list.Items[i], nil
		}
	}
	return nil, &callError{http.StatusForbidden, "forbidden", fmt.Sprintf("ServiceAccount %s is no policy's gateway", who)}
}

func all(result activity.Result, n int) []activity.Result {
	out := make([]activity.Result, n)
	for i := range out {
		out[i] = result
	}
	return out
}
