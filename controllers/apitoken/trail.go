// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// Reasons of entries of the audit trail that are no reasons of conditions.
const (
	reasonDeleted  = "Deleted"
	reasonOrphaned = "Orphaned"
)

// record puts an entry about a token into the audit trail.
func (r *Reconciler) record(t *v1alpha1.ApiToken, e audittrail.Entry) {
	e.APIToken, e.UID, e.Generation = client.ObjectKeyFromObject(t).String(), string(t.UID), t.Generation
	e.Policy, e.Owner = policyKey(t).String(), string(t.Spec.Owner)
	audittrail.OrNowhere(r.Trail).Record(e)
}

// recordEvent records what an event tells. The first of ids is the credential that it is about; the others end with it.
func (r *Reconciler) recordEvent(t *v1alpha1.ApiToken, reason, note string, ids []string) {
	e := audittrail.Entry{Event: audittrail.Notice, Reason: reason, Message: note}
	if len(ids) > 0 {
		e.Event, e.TokenID, e.Ended = audittrail.Credential, ids[0], ids[1:]
	}
	r.record(t, e)
}

// recordDecision records that what becomes of a token changed, or what that rests on. It is called before the status is
// written that says the same: a kill in between repeats the line. A cache that is behind, or a write that is tried again, does
// not.
func (r *Reconciler) recordDecision(t, before *v1alpha1.ApiToken) {
	e := decisionEntry(t, before)
	if e == nil || r.lastLines.repeats(t.UID, fmt.Sprintf("%d %+v", t.Generation, *e), r.Clock.Now()) {
		return
	}
	r.record(t, *e)
}

// decisionEntry is pure; nil: nothing that matters changed.
func decisionEntry(t, before *v1alpha1.ApiToken) *audittrail.Entry {
	now, was := decisionOf(t), decisionOf(before)
	if equality.Semantic.DeepEqual(now, was) {
		return nil
	}
	e := now
	e.Event, e.Was = audittrail.Decision, was.Reason
	e.Blocked = t.Status.Credential != nil && e.Outcome != audittrail.OutcomePermitted && e.Outcome != audittrail.OutcomeExpired
	if c := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionActive); c != nil {
		e.Message = c.Message
	}
	if was.TokenID != "" && was.TokenID != now.TokenID && !retires(t, was.TokenID) {
		e.Ended = []string{was.TokenID}
	}
	return &e
}

// retires tells whether a credential was replaced and is still accepted.
func retires(t *v1alpha1.ApiToken, id string) bool {
	return slices.ContainsFunc(t.Status.Retiring, func(c v1alpha1.RetiringCredential) bool { return c.ID == id })
}

// decisionOf is what of a token's status counts as its decision.
func decisionOf(t *v1alpha1.ApiToken) audittrail.Entry {
	s := &t.Status
	e := audittrail.Entry{Rule: s.Rule, RequestedBy: s.RequestedBy, ApprovedBy: s.ApprovedBy}
	c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionActive)
	if c == nil {
		return e
	}
	e.Reason, e.Outcome = c.Reason, outcomeOf(s.Conditions, c.Reason)
	if s.Credential != nil {
		e.TokenID = s.Credential.ID
	}
	if s.Grant != nil {
		e.GrantDigest = string(s.Grant.Digest)
	}
	if s.ExpiresAt != nil {
		e.ExpiresAt = s.ExpiresAt.UTC().Format(time.RFC3339)
	}
	return e
}

// outcomeOf sorts reasons.
func outcomeOf(conditions []metav1.Condition, reason string) string {
	switch {
	case meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionActive):
		return audittrail.OutcomePermitted
	case reason == v1alpha1.ReasonSuspended:
		return audittrail.OutcomeSuspended
	case reason == v1alpha1.ReasonExpired:
		return audittrail.OutcomeExpired
	case meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReconciling):
		return audittrail.OutcomeWaiting
	}
	return audittrail.OutcomeRefused
}

// recordOrphan records the end of a credential whose ApiToken is gone.
func (r *Reconciler) recordOrphan(key types.NamespacedName, hashSecret *corev1.Secret) {
	e := audittrail.Entry{
		Event: audittrail.Revoked, Reason: reasonOrphaned, APIToken: key.String(),
		UID:     hashSecret.Labels[v1alpha1.LabelTokenUID],
		Policy:  hashSecret.Namespace + "/" + hashSecret.Labels[v1alpha1.LabelPolicy],
		Message: "the ApiToken is gone, or was created again: its credential is revoked",
	}
	if c, err := grant.Decode(hashSecret.Data[grant.DataKey]); err == nil {
		e.TokenID, e.Owner = c.ID, c.Grant.Owner
	}
	audittrail.OrNowhere(r.Trail).Record(e)
}

// recordRevoked records that a deleted token ends, before its finalizer goes: nothing would tell of it after that.
func (r *Reconciler) recordRevoked(t *v1alpha1.ApiToken, slots []slot) {
	if r.lastLines.repeats(t.UID, reasonDeleted, r.Clock.Now()) { // the cache still has it, maybe without its slots
		return
	}
	e := audittrail.Entry{
		Event: audittrail.Revoked, Reason: reasonDeleted, Message: "the ApiToken was deleted: its credentials are revoked",
	}
	for _, s := range slots {
		if s.credential != nil {
			e.Ended = append(e.Ended, s.credential.ID)
		}
	}
	r.record(t, e)
}
