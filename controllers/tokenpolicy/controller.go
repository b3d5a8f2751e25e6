// SPDX-License-Identifier: Apache-2.0

// Package tokenpolicy reconciles TokenPolicies: it checks what a policy refers to, deploys its gateway, keeps the
// gateway's objects as they should be, and holds a policy that tokens still work by.
//
// It decides nothing about tokens. Whether a policy permits one is internal/policy's affair, and tokens are issued
// whether or not the gateway's pods are up.
package tokenpolicy

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/perpolicy"
	"github.com/jiratokens/jira-token-operator/controllers/policysecret"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// The rights on Roles and RoleBindings let the controller make the gateway's. The API server lets nobody give away rights
// that they don't have, so these are worth no more than the others. tokenpolicies/finalizers is for owner references with
// blockOwnerDeletion.
//
// +kubebuilder:rbac:groups=jiratokens.io,resources=tokenpolicies,verbs=list;watch;patch
// +kubebuilder:rbac:groups=jiratokens.io,resources=tokenpolicies/status,verbs=patch
// +kubebuilder:rbac:groups=jiratokens.io,resources=tokenpolicies/finalizers,verbs=update
// +kubebuilder:rbac:groups=jiratokens.io,resources=apitokens,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=secrets;services;serviceaccounts,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=roles;rolebindings,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconciler reconciles TokenPolicies.
type Reconciler struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// Live reads from the API server: objects that are not labelled as ours are not in the cache, and the values of
	// Secrets that policies refer to are not kept in it.
	Live client.Reader
	// Clock tells the time.
	Clock clock.PassiveClock
	// Recorder records events.
	Recorder events.EventRecorder
	// Trail takes what was declared; nil: nobody does.
	Trail audittrail.Recorder
	// Gateway says what gateways run.
	Gateway resources.Options
	// Activity is where gateways report the use of tokens; nil: nowhere.
	Activity *ActivityEndpoint

	secrets  *secretIndex
	known    memo
	recorded perpolicy.Memory[int64] // the generation that the trail has
}

// SetupWithManager registers the controller and what wakes it.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, concurrency int) error {
	secrets, err := newSecretIndex(ctx, mgr.GetCache())
	if err != nil {
		return err
	}
	r.secrets = secrets
	b := ctrl.NewControllerManagedBy(mgr).Named("tokenpolicy").For(&v1alpha1.TokenPolicy{})
	for _, object := range resources.Empty("", "") {
		b.Owns(object, builder.WithPredicates(notOfDirectory()))
	}
	if r.Activity != nil {
		b.WatchesRawSource(r.Activity.Changed(r.wakeAll()))
	}
	return b.
		Watches(&corev1.Secret{}, wakeBySecret(), builder.WithPredicates(policysecret.MayBeReferredTo())).
		Watches(&v1alpha1.TokenPolicy{}, r.wakeSiblings(), builder.WithPredicates(comesOrGoes())).
		Watches(&corev1.Secret{}, wakeByCredential()).
		Watches(&v1alpha1.ApiToken{}, wakeByRanges()).
		Watches(&corev1.Namespace{}, r.wakeByNamespace(), builder.WithPredicates(terminating())).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency}).
		Complete(r)
}
