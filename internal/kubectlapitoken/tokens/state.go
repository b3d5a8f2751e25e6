// SPDX-License-Identifier: Apache-2.0

// Package tokens says how an ApiToken is doing, out of its status: the state in one word, and what a person can do about
// it. It is pure.
package tokens

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
)

// State is how an ApiToken is doing, in one word.
type State string

// The states.
const (
	Live      State = "live"
	Suspended State = "suspended"
	Expired   State = "expired"
	Refused   State = "refused"
	Waiting   State = "waiting"
	Deleting  State = "deleting"
)

// States are all of them.
var States = []State{Live, Suspended, Expired, Refused, Waiting, Deleting}

// refusals are the reasons that no waiting mends.
var refusals = map[string]bool{
	v1alpha1.ReasonNotPermitted: true, v1alpha1.ReasonDenied: true, v1alpha1.ReasonNamespaceNotAllowed: true,
	v1alpha1.ReasonApprovalDenied: true, v1alpha1.ReasonOwnerNotFound: true, v1alpha1.ReasonOwnerInactive: true,
	v1alpha1.ReasonOwnerChanged: true, v1alpha1.ReasonHashTaken: true, v1alpha1.ReasonHashRevoked: true,
	v1alpha1.ReasonHashTooOld: true, v1alpha1.ReasonPolicyNotWatched: true,
	v1alpha1.ReasonSecretConflict: true, v1alpha1.ReasonSecretRefused: true,
}

// StateOf is the state of a token at a time. What has expired is refused by the gateway whether the operator has said so
// or not.
func StateOf(t *v1alpha1.ApiToken, now time.Time) State {
	ready, active := Condition(t, v1alpha1.ConditionReady), Condition(t, v1alpha1.ConditionActive)
	stalled := Condition(t, v1alpha1.ConditionStalled)
	switch {
	case t.DeletionTimestamp != nil:
		return Deleting
	case t.Status.ExpiresAt != nil && !t.Status.ExpiresAt.After(now):
		return Expired
	case active != nil && active.Status == metav1.ConditionTrue:
		return Live
	case ready == nil || t.Status.ObservedGeneration != t.Generation:
		return Waiting // to be looked at
	case ready.Reason == v1alpha1.ReasonSuspended:
		return Suspended
	case ready.Reason == v1alpha1.ReasonExpired:
		return Expired
	case refusals[ready.Reason], stalled != nil && stalled.Status == metav1.ConditionTrue:
		return Refused
	case ready.Status == metav1.ConditionTrue && active != nil: // it was live, and is not accepted any more
		return Refused
	}
	return Waiting
}

// Condition is a condition of a token; nil: it has none of this type.
func Condition(t *v1alpha1.ApiToken, kind string) *metav1.Condition {
	return meta.FindStatusCondition(t.Status.Conditions, kind)
}

// Reason is that of the condition that says why a token is as it is, and its message as a line of text, which may repeat what
// tenants have written; a token that the operator has not looked at has none.
func Reason(t *v1alpha1.ApiToken) (reason, message string) {
	if ready := Condition(t, v1alpha1.ConditionReady); ready != nil {
		return ready.Reason, oneline.Printable(ready.Message)
	}
	return "", ""
}

// Has tells whether a condition is True.
func Has(t *v1alpha1.ApiToken, kind string) bool {
	return meta.IsStatusConditionTrue(t.Status.Conditions, kind)
}

// LastUsed is when a request was last let through; nil: none was, or none was reported.
func LastUsed(t *v1alpha1.ApiToken) *metav1.Time {
	if t.Status.Activity == nil {
		return nil
	}
	return t.Status.Activity.LastUsedAt
}

// HasCredential tells whether an id is that of the token's credential, or of one that is being retired.
func HasCredential(t *v1alpha1.ApiToken, id string) bool {
	return t.Status.Credential != nil && t.Status.Credential.ID == id ||
		slices.ContainsFunc(t.Status.Retiring, func(r v1alpha1.RetiringCredential) bool { return r.ID == id })
}

// Name is namespace/name.
func Name(t *v1alpha1.ApiToken) string { return t.Namespace + "/" + t.Name }

// PolicyName is namespace/name of its policy.
func PolicyName(t *v1alpha1.ApiToken) string {
	return string(t.Spec.PolicyRef.Namespace) + "/" + t.Spec.PolicyRef.Name
}
