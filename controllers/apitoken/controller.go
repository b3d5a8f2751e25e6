// SPDX-License-Identifier: Apache-2.0

// Package apitoken reconciles ApiTokens: it decides whether a token is permitted, issues its credential, keeps the
// hash Secret that the gateway reads and the Secret that workloads mount in step, and revokes.
//
// The protocol. The hash Secret is the truth and is written first, with Create: its name, <uid>-<n>, is the lock that
// makes a paused leader or a second manager harmless. The token Secret comes second. Which credential is live is
// decided by the token Secret alone: the slot whose hash its token has is the current one. Any other slot is either
// retiring, because the current one took its place with an overlap, or surplus and deleted. (After a change of the Secret's name,
// and until it is written, that is the newest slot that a Secret of the token's holds.) So a kill between any two writes, or
// two managers at once, end with exactly one credential that stays, and a Secret that matches it.
//
// A rotation makes the next slot beside the current one, which says whose place it takes; then, when the gateways' watches
// have told of it, it writes the token into the Secret; then the replaced slot is told when it retires, which the gateway
// sees to by its own clock. A kill before the Secret is written leaves a slot whose token nobody knows: it is surplus, and the
// next manager makes another one. A kill after it leaves a replaced slot that says nothing: it retires as it would have. A
// Secret that holds no token of a slot is not a rotation but a repair: the new slot takes nobody's place, and all others end.
//
// A token that was made elsewhere is declared by its hash and has no token Secret: the slot with that hash is the current
// one. It can't be made anew, so two things are different. A hash Secret that somebody deletes ends the token for good:
// that it was there is written into the ApiToken before it is let work, so that a missing one was either deleted or has
// never worked. And two ApiTokens may declare one hash: a slot is created blocked, and let work only once the cache shows
// it and no other credential with the hash. As a watch tells of Secrets in the order of their creation, it then shows
// every earlier one, whichever manager made that: at most one of them works, and a gateway never has to choose.
package apitoken

import (
	"io"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/namespaced"
	"github.com/jiratokens/jira-token-operator/controllers/tokenmetrics"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
)

// +kubebuilder:rbac:groups=jiratokens.io,resources=apitokens,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=jiratokens.io,resources=apitokens/status,verbs=patch
// +kubebuilder:rbac:groups=jiratokens.io,resources=apitokens/finalizers,verbs=update
// +kubebuilder:rbac:groups=jiratokens.io,resources=tokenpolicies,verbs=list;watch
// +kubebuilder:rbac:groups=jiratokens.io,resources=tokenapprovals,verbs=list;watch;delete
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;update;delete
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconciler reconciles ApiTokens.
type Reconciler struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// Live reads from the API server: what decides about a write that can't be undone must not be stale.
	Live client.Reader
	// Clock tells the time.
	Clock clock.PassiveClock
	// Random is the source of tokens; crypto/rand.Reader.
	Random io.Reader
	// Recorder records events.
	Recorder events.EventRecorder

	// Trail takes what was decided and done; nil: nobody does.
	Trail audittrail.Recorder
	// Rotations counts credentials that were replaced; nil: nobody does.
	Rotations *tokenmetrics.Rotations

	// Namespaces are those that Client knows; empty: all.
	Namespaces namespaced.Set
	// Keys verify who declared a token and who decided on it.
	Keys Keys
	// Directories tell what was read of Jira's groups and users.
	Directories Directories

	owners    ownerLocks
	policies  policies
	refusals  refusals
	pendings  pendings
	lastLines lastLines
}

// SetupWithManager registers the controller and what wakes it. The indexes of this package and of package index must
// have been registered.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, concurrency int) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("apitoken").
		For(&v1alpha1.ApiToken{}, builder.WithPredicates(declarationChanged())).
		Watches(&corev1.Secret{}, wakeBySecret(), builder.WithPredicates(belongsToToken())).
		Watches(&corev1.Secret{}, r.wakeByOwnerCredential(), builder.WithPredicates(isOwnerCredential())).
		Watches(&v1alpha1.TokenPolicy{}, r.wakeByPolicy(), builder.WithPredicates(policyMatters())).
		Watches(&corev1.Secret{}, r.wakeByPolicy(), builder.WithPredicates(directoryMatters())).
		Watches(&v1alpha1.TokenApproval{}, wakeByApproval()).
		Watches(&v1alpha1.ApiToken{}, r.wakeSiblings(), builder.WithPredicates(rankChanged())).
		Watches(&v1alpha1.ApiToken{}, r.wakeByDeclaredHash(), builder.WithPredicates(hashDeclared())).
		Watches(&corev1.Secret{}, r.wakeByHash(), builder.WithPredicates(hashHeld())).
		Watches(&corev1.Namespace{}, r.wakeByNamespace(), builder.WithPredicates(namespaceMatters())).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency}).
		Complete(r)
}
