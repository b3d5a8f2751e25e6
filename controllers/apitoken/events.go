// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// Actions of events, as events.k8s.io asks: what the controller did or found.
const (
	actionIssue  = "Issue"
	actionDecide = "Decide"
	actionRevoke = "Revoke"
)

// eventIssued tells of a new credential. A second one is a warning: the first was lost or tampered with, and whoever
// still uses it is refused from now on.
func (r *Reconciler) eventIssued(t *v1alpha1.ApiToken, id string, again bool) {
	if again {
		r.Recorder.Eventf(t, nil, corev1.EventTypeWarning, "Reissued", actionIssue,
			"Secret %s was missing or did not hold the issued token: issued credential %s in its place and revoked the former",
			t.SecretName(), id)
		return
	}
	r.Recorder.Eventf(t, nil, corev1.EventTypeNormal, v1alpha1.ReasonIssued, actionIssue,
		"issued credential %s into Secret %s", id, t.SecretName())
}

// eventTransition tells of a change of the reason that a person would want to see.
func (r *Reconciler) eventTransition(t, before *v1alpha1.ApiToken) {
	now := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionActive)
	then := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionActive)
	if now == nil || (then != nil && then.Reason == now.Reason) {
		return
	}
	if now.Reason == v1alpha1.ReasonIssued {
		if then != nil {
			r.Recorder.Eventf(t, nil, corev1.EventTypeNormal, "Activated", actionDecide, "the token is accepted: %s", now.Message)
		}
		return
	}
	kind := corev1.EventTypeWarning
	if now.Reason == v1alpha1.ReasonSuspended || now.Reason == v1alpha1.ReasonExpired {
		kind = corev1.EventTypeNormal
	}
	r.Recorder.Eventf(t, nil, kind, now.Reason, actionDecide, "the token is not accepted: %s", now.Message)
}

func (r *Reconciler) eventRevoked(t *v1alpha1.ApiToken) {
	r.Recorder.Eventf(t, nil, corev1.EventTypeNormal, "Revoked", actionRevoke, "the token's credentials were revoked")
}
