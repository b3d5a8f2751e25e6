// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func TestWhatIsARefusal(t *testing.T) {
	d := &desired{content: map[string]any{"kind": "Service"}, typed: &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "jira-gateway"}}}
	services := schema.GroupResource{Resource: "services"}
	ending := apierrors.NewForbidden(services, "jira-gateway", errors.New("it is being terminated"))
	ending.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"none":              {nil, false},
		"no answer":         {errors.New("connection refused"), false},
		"invalid":           {apierrors.NewInvalid(schema.GroupKind{Kind: "Service"}, "jira-gateway", nil), true},
		"forbidden":         {apierrors.NewForbidden(services, "jira-gateway", errors.New("exceeded quota")), true},
		"malformed":         {apierrors.NewBadRequest("admission webhook denied the request"), true},
		"too large":         {apierrors.NewRequestEntityTooLargeError("limit is 3145728"), true},
		"namespace ends":    {ending, false},
		"namespace is gone": {apierrors.NewNotFound(services, "jira-gateway"), false},
		"conflict":          {apierrors.NewConflict(services, "jira-gateway", errors.New("changed")), false},
		"exists":            {apierrors.NewAlreadyExists(services, "jira-gateway"), false},
		"not logged in":     {apierrors.NewUnauthorized("expired"), false},
		"too many":          {apierrors.NewTooManyRequests("later", 1), false},
		"timeout":           {apierrors.NewTimeoutError("later", 1), false},
		"server's timeout":  {apierrors.NewServerTimeout(services, "create", 1), false},
		"webhook is down":   {apierrors.NewInternalError(errors.New("failed calling webhook")), false},
	} {
		if c.err != nil {
			c.err = fmt.Errorf("apply Service jira-gateway: %w", c.err)
		}
		if found := refused(d, c.err); (found != nil) != c.want {
			t.Errorf("%s: have %+v", name, found)
		}
	}
	long := refused(d, apierrors.NewBadRequest("denied:\n"+strings.Repeat("x", 40000)))
	if len(long.message) > 1400 || !strings.Contains(long.message, "the gateway's Service jira-gateway: denied: xxx") {
		t.Errorf("have %d bytes: %.200q", len(long.message), long.message)
	}
}

// What is refused is tried ever more seldom; what waits for another thing's end is looked at as often as before.
func TestRefusedIsTriedEverMoreSeldom(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := &Reconciler{Clock: clocktesting.NewFakePassiveClock(now)}
	no := &problemError{reason: v1alpha1.ReasonGatewayRefused, lookAgain: true}
	for _, c := range []struct {
		found   *problemError
		stalled time.Duration // for how long already; 0: it is not
		counts  time.Duration // when revokeIssuedBefore counts; 0: it is not set
		want    time.Duration
	}{
		{nil, 0, 0, 0},
		{nil, 0, time.Minute, time.Minute},
		{nil, 0, -time.Minute, 0},
		{&problemError{reason: v1alpha1.ReasonInvalidSpec}, time.Minute, 0, 0},
		{&problemError{reason: v1alpha1.ReasonForeignObject, lookAgain: true}, time.Hour, 0, 15 * time.Second},
		{no, 0, 0, 15 * time.Second},
		{no, time.Second, 0, 15 * time.Second},
		{no, 40 * time.Second, 0, 40 * time.Second},
		{no, 40 * time.Second, 30 * time.Second, 30 * time.Second},
		{no, 40 * time.Second, time.Minute, 40 * time.Second},
		{no, time.Hour, 0, 5 * time.Minute},
		{no, time.Hour, -time.Minute, 5 * time.Minute},
	} {
		p := &v1alpha1.TokenPolicy{}
		if c.stalled != 0 {
			p.Status.Conditions = []metav1.Condition{{
				Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(now.Add(-c.stalled)),
			}}
		}
		if c.counts != 0 {
			p.Spec.RevokeIssuedBefore = new(metav1.NewTime(now.Add(c.counts)))
		}
		if have := r.after(p, c.found).RequeueAfter; have != c.want {
			t.Errorf("%+v: have %v", c, have)
		}
	}
}
