// SPDX-License-Identifier: Apache-2.0

// Package directory reads the groups and users of TokenPolicies with spec.directory from Jira, again and again, and keeps
// what Jira said in Secrets.
//
// It decides nothing about tokens. What Jira says is merged by internal/directory, kept by internal/directory/stored, and
// judged by internal/policy; whoever decides is woken by the index Secret's annotation. While Jira can't be read, what it
// said last goes on counting.
package directory

import (
	"io"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/policysecret"
	"github.com/jiratokens/jira-token-operator/internal/directory/stored"
)

// +kubebuilder:rbac:groups=jiratokens.io,resources=tokenpolicies;apitokens,verbs=list;watch
// +kubebuilder:rbac:groups=jiratokens.io,resources=tokenpolicies/status,verbs=patch
// +kubebuilder:rbac:groups=jiratokens.io,resources=tokenpolicies/finalizers,verbs=update
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;update;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconciler keeps the directories of TokenPolicies.
type Reconciler struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// Live reads from the API server: the values of credentials are not kept in the cache.
	Live client.Reader
	// Directory reads from the cache what this controller keeps.
	Directory *stored.Reader
	// Recorder records events.
	Recorder events.EventRecorder
	// Clock tells the time.
	Clock clock.PassiveClock
	// Random makes names for Secrets.
	Random io.Reader
	// Registerer takes the metrics; nil: nobody does.
	Registerer prometheus.Registerer

	store   stored.Store
	metrics *metrics
	states  states
}

// Prepare makes a Reconciler ready to reconcile.
func (r *Reconciler) Prepare() {
	r.store = stored.Store{Client: r.Client, Live: r.Live, Random: r.Random}
	r.metrics = newMetrics(r.Registerer)
}

// SetupWithManager registers the controller and what wakes it. Concurrency is how many policies are worked on at once: one
// whose Jira hangs keeps a worker for minutes.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, concurrency int) error {
	r.Prepare()
	return ctrl.NewControllerManagedBy(mgr).Named("directory").
		For(&v1alpha1.TokenPolicy{}, builder.WithPredicates(policyMatters())).
		Watches(&v1alpha1.TokenPolicy{}, r.wakeSiblings(), builder.WithPredicates(comesOrGoes())).
		Watches(&v1alpha1.ApiToken{}, wakeByToken()).
		Watches(&corev1.Secret{}, r.wakeByReference(), builder.WithPredicates(policysecret.MayBeReferredTo())).
		Watches(&corev1.Secret{}, wakeByOwnSecret(mgr), builder.WithPredicates(ofDirectory())).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency}).
		Complete(r)
}

// wakeByOwnSecret wakes the policy whose directory's Secrets were changed or deleted.
func wakeByOwnSecret(mgr ctrl.Manager) handler.EventHandler {
	return handler.EnqueueRequestForOwner(
		mgr.GetScheme(), mgr.GetRESTMapper(), &v1alpha1.TokenPolicy{}, handler.OnlyControllerOwner())
}
