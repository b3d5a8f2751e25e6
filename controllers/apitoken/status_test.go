// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// TestStateTable pins the table of states in docs/concepts.md, and how GitOps tools read each (kstatus).
func TestStateTable(t *testing.T) {
	issued := []slot{{credential: &grant.Credential{ID: "abcdefghijkl", IssuedAt: time.Unix(1, 0)}}}
	waiting := func(reason string) func(*verdict) { return func(v *verdict) { v.wait(reason, "m") } }
	refused := func(reason string) func(*verdict) { return func(v *verdict) { v.refuse(reason, "m") } }
	reached := func(reason string) func(*verdict) { return func(v *verdict) { v.reason = reason } }
	const yes, no, absent = metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionStatus("")
	for name, c := range map[string]struct {
		verdict                             func(*verdict)
		slots                               []slot
		ready, active, reconciling, stalled metav1.ConditionStatus
		kstatus                             status.Status
	}{
		"live":                       {func(v *verdict) { v.reason, v.accepted = v1alpha1.ReasonIssued, true }, issued, yes, yes, absent, absent, status.CurrentStatus},
		"suspended":                  {reached(v1alpha1.ReasonSuspended), issued, yes, no, absent, absent, status.CurrentStatus},
		"suspended from the start":   {reached(v1alpha1.ReasonSuspended), nil, yes, no, absent, absent, status.CurrentStatus},
		"expired":                    {reached(v1alpha1.ReasonExpired), issued, yes, no, absent, absent, status.CurrentStatus},
		"denied later":               {refused(v1alpha1.ReasonDenied), issued, yes, no, absent, absent, status.CurrentStatus},
		"not permitted later":        {refused(v1alpha1.ReasonNotPermitted), issued, yes, no, absent, absent, status.CurrentStatus},
		"refused when declared":      {refused(v1alpha1.ReasonNotPermitted), nil, no, no, absent, yes, status.FailedStatus},
		"namespace not allowed":      {refused(v1alpha1.ReasonNamespaceNotAllowed), nil, no, no, absent, yes, status.FailedStatus},
		"expired from the start":     {reached(v1alpha1.ReasonExpired), nil, no, no, absent, yes, status.FailedStatus},
		"Secret refused":             {refused(v1alpha1.ReasonSecretRefused), nil, no, no, absent, yes, status.FailedStatus},
		"owner's credential missing": {waiting(v1alpha1.ReasonOwnerCredentialMissing), issued, no, no, yes, absent, status.InProgressStatus},
		"of a newer version":         {waiting(v1alpha1.ReasonNewerVersion), issued, no, no, yes, absent, status.InProgressStatus},
		"Secret taken":               {refused(v1alpha1.ReasonSecretConflict), issued, no, no, absent, yes, status.FailedStatus},
		"hash taken":                 {refused(v1alpha1.ReasonHashTaken), nil, no, no, absent, yes, status.FailedStatus},
		"hash Secret deleted":        {refused(v1alpha1.ReasonHashRevoked), nil, no, no, absent, yes, status.FailedStatus},
		"hash not free yet":          {waiting(v1alpha1.ReasonHashPending), issued, no, no, yes, absent, status.InProgressStatus},
		"policy not watched":         {refused(v1alpha1.ReasonPolicyNotWatched), nil, no, no, absent, yes, status.FailedStatus},
		"no policy yet":              {waiting(v1alpha1.ReasonPolicyNotFound), nil, no, no, yes, absent, status.InProgressStatus},
		"the policy has gone":        {waiting(v1alpha1.ReasonPolicyNotFound), issued, no, no, yes, absent, status.InProgressStatus},
		"a namespace is terminating": {waiting(v1alpha1.ReasonTerminating), issued, no, no, yes, absent, status.InProgressStatus},
	} {
		t.Run(name, func(t *testing.T) {
			tok := &v1alpha1.ApiToken{ObjectMeta: metav1.ObjectMeta{Name: "ci", Namespace: "dev", Generation: 2}}
			// What an earlier state left behind must go.
			meta.SetStatusCondition(&tok.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionStalled, Status: yes, Reason: "Old"})
			meta.SetStatusCondition(&tok.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionReconciling, Status: yes, Reason: "Old"})
			v := &verdict{message: "m"}
			c.verdict(v)
			fillStatus(tok, v, c.slots, metav1.Now())
			for kind, want := range map[string]metav1.ConditionStatus{
				v1alpha1.ConditionReady: c.ready, v1alpha1.ConditionActive: c.active,
				v1alpha1.ConditionReconciling: c.reconciling, v1alpha1.ConditionStalled: c.stalled,
			} {
				got := absent
				if condition := meta.FindStatusCondition(tok.Status.Conditions, kind); condition != nil {
					got = condition.Status
				}
				if got != want {
					t.Errorf("%s is %q, want %q", kind, got, want)
				}
			}
			assertKstatus(t, tok, c.kstatus)
			tok.Generation++
			assertKstatus(t, tok, status.InProgressStatus) // the status is of an earlier spec
		})
	}
}

// TestNewObjectIsInProgress: a status that nobody has written yet must not look current.
func TestNewObjectIsInProgress(t *testing.T) {
	tok := &v1alpha1.ApiToken{ObjectMeta: metav1.ObjectMeta{Generation: 1}, Status: v1alpha1.ApiTokenStatus{ObservedGeneration: -1}}
	assertKstatus(t, tok, status.InProgressStatus)
}

func assertKstatus(t *testing.T, tok *v1alpha1.ApiToken, want status.Status) {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(tok)
	must(t, err)
	object := &unstructured.Unstructured{Object: content}
	object.SetGroupVersionKind(apiTokenKind)
	got, err := status.Compute(object)
	must(t, err)
	if got.Status != want {
		t.Errorf("kstatus is %s (%s), want %s", got.Status, got.Message, want)
	}
}
