// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"maps"
	"slices"
	"strings"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// advice says, for each reason, what a person can do. The condition's message says what is wrong.
var advice = map[string]string{
	v1alpha1.ReasonIssued:    "nothing needs to be done",
	v1alpha1.ReasonSuspended: "kubectl apitoken resume lets it work again, with the same credential",
	v1alpha1.ReasonExpired:   "set a later spec.expiresAt, or change spec.lifetime, to renew it",
	v1alpha1.ReasonNotPermitted: "change the token, or have the policy changed: kubectl apitoken can-i says what each rule asks " +
		"for",
	v1alpha1.ReasonDenied:         "the policy's spec.deny names it: only who writes the policy can lift that",
	v1alpha1.ReasonPolicyNotFound: "check spec.policyRef: kubectl get tokenpolicies -A lists the policies",
	v1alpha1.ReasonPolicyNotWatched: "check spec.policyRef.namespace; if it is right, the operator's administrator has to add it " +
		"to --watch-namespaces",
	v1alpha1.ReasonPolicyNotReady:      "look at the policy's conditions; its administrator has to act",
	v1alpha1.ReasonNamespaceNotAllowed: "the policy's spec.allowedNamespaces must allow this namespace, by its name or its labels",
	v1alpha1.ReasonSecretConflict:      "choose another spec.secret.name, or delete the Secret of that name if nobody needs it",
	v1alpha1.ReasonSecretRefused:       "mend what refused the Secret (a quota, a webhook); the operator tries again by itself",
	v1alpha1.ReasonHashTaken:           "make another token (kubectl apitoken rotate --local) and declare its hash",
	v1alpha1.ReasonHashRevoked:         "make another token (kubectl apitoken rotate --local) and declare its hash",
	v1alpha1.ReasonHashTooOld:          "make another token (kubectl apitoken rotate --local) and declare its hash",
	v1alpha1.ReasonExpiresSoon:         "set a later spec.expiresAt, or change spec.lifetime, to renew it, or delete it",
	v1alpha1.ReasonHashAgesOut:         "make another token (kubectl apitoken rotate --local) and declare its hash, or delete it",
	v1alpha1.ReasonHashPending:         "wait: the operator goes on by itself",
	v1alpha1.ReasonOwnerCredentialMissing: "the policy's administrator has to put a Jira token of the owner into the policy's " +
		"namespace",
	v1alpha1.ReasonNewerVersion: "bring the operator back to the version that issued the credential; that goes on working",
	v1alpha1.ReasonRequesterUnknown: "somebody who may have it has to take it over: kubectl annotate apitoken NAME --overwrite " +
		v1alpha1.AnnotationRequest + "=\"$(date)\"",
	v1alpha1.ReasonPlacePending:     "wait: the operator goes on by itself",
	v1alpha1.ReasonApprovalRequired: "somebody other than who declared it has to approve it: kubectl apitoken approve",
	v1alpha1.ReasonApprovalDenied: "an approver denied it: change what it asks for, or ask them to delete their TokenApproval " +
		"(kubectl get tokenapprovals -n NAMESPACE of the policy)",
	v1alpha1.ReasonDirectoryPending: "wait until Jira has been asked: the policy's condition DirectorySynced says how that goes",
	v1alpha1.ReasonOwnerNotFound:    "check spec.owner: Jira has no such user",
	v1alpha1.ReasonOwnerInactive:    "have the user's account in Jira activated, or delete the token",
	v1alpha1.ReasonOwnerChanged:     "delete the ApiToken and declare it anew, if it is for the user who has this name now",
	v1alpha1.ReasonTerminating:      "wait until it is gone",
}

// Reasons are those that an ApiToken can have, in alphabetical order.
func Reasons() []string { return slices.Sorted(maps.Keys(advice)) }

// Advice says what a person can do about a reason; empty: nothing is known of it.
func Advice(reason string) string { return advice[reason] }

// said are words of a condition's message by which it says itself what to do.
var said = map[string]string{
	v1alpha1.ReasonSuspended: "spec.suspend", v1alpha1.ReasonExpired: "spec.lifetime", v1alpha1.ReasonExpiresSoon: "to renew it",
}

// FurtherAdvice is the advice that a message, which is shown before it, doesn't give already.
func FurtherAdvice(reason, message string) string {
	if words := said[reason]; words != "" && strings.Contains(message, words) {
		return ""
	}
	return Advice(reason)
}
