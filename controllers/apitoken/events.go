// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/tokenmetrics"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// Actions of events, as events.k8s.io asks: what the controller did or found.
const (
	actionIssue  = "Issue"
	actionDecide = "Decide"
	actionRevoke = "Revoke"
	actionRotate = "Rotate"

	maxNote = 1024
)

// eventIssued tells of a new credential. A second one is a warning: the first was lost or tampered with, and whoever
// still uses it is refused from now on.
func (r *Reconciler) eventIssued(t *v1alpha1.ApiToken, id string) {
	if before := t.Status.Credential; before != nil && !token.IsDerivedID(before.ID) {
		ended := make([]string, 0, 1+len(t.Status.Retiring))
		ended = append(ended, before.ID)
		for i := range t.Status.Retiring {
			ended = append(ended, t.Status.Retiring[i].ID)
		}
		r.event(t, corev1.EventTypeWarning, "Reissued", actionIssue, fmt.Sprintf("Secret %s was missing or did not hold a "+
			"token that is known: issued credential %s; revoked is %s", t.SecretName(), id, strings.Join(ended, ", ")),
			append([]string{id}, ended...)...)
		r.Rotations.Count(policyKey(t), tokenmetrics.CauseSecretLost)
		return
	}
	r.event(t, corev1.EventTypeNormal, v1alpha1.ReasonIssued, actionIssue,
		fmt.Sprintf("issued credential %s into Secret %s", id, t.SecretName()), id)
}

// eventAccepted tells of the credential of a declared hash.
func (r *Reconciler) eventAccepted(t *v1alpha1.ApiToken, id string) {
	note := fmt.Sprintf("accepted the hash of a token that was made elsewhere, as credential %s", id)
	ids := []string{id}
	if before := t.Status.Credential; before != nil && before.ID != id {
		ids = append(ids, before.ID)
		note += fmt.Sprintf("; credential %s is revoked", before.ID)
	}
	r.event(t, corev1.EventTypeNormal, v1alpha1.ReasonIssued, actionIssue, note, ids...)
}

// event records an event, also in the audit trail. The first of ids is the credential that it is about; the others end with
// it.
func (r *Reconciler) event(t *v1alpha1.ApiToken, kind, reason, action, note string, ids ...string) {
	r.recordEvent(t, reason, note, ids)
	r.tell(t, kind, reason, action, note)
}

// tell records an event for people to read; the API server drops those with a note of more than 1024 bytes.
func (r *Reconciler) tell(t *v1alpha1.ApiToken, kind, reason, action, note string) {
	if len(note) > maxNote {
		note = strings.ToValidUTF8(note[:maxNote-len(" …")], "") + " …"
	}
	r.Recorder.Eventf(t, nil, kind, reason, action, "%s", note)
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
			r.tell(t, corev1.EventTypeNormal, "Activated", actionDecide, "the token is accepted: "+now.Message)
		}
		return
	}
	kind := corev1.EventTypeWarning
	if now.Reason == v1alpha1.ReasonSuspended || now.Reason == v1alpha1.ReasonExpired {
		kind = corev1.EventTypeNormal
	}
	r.tell(t, kind, now.Reason, actionDecide, now.Message)
}

func (r *Reconciler) eventRevoked(t *v1alpha1.ApiToken) {
	r.tell(t, corev1.EventTypeNormal, "Revoked", actionRevoke, "the token's credentials were revoked")
}
