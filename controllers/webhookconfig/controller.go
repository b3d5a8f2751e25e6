// SPDX-License-Identifier: Apache-2.0

// Package webhookconfig keeps the webhook trusted by the API server: the authorities that certify it, in a Secret of the
// manager's namespace; their certificates in the webhook configuration; and the certificate that this replica serves
// with. Every replica does it: whoever comes second finds it done. Package authority says why no handshake is refused.
package webhookconfig

import (
	"context"
	"crypto/x509"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/cluster"

	"github.com/jiratokens/jira-token-operator/controllers/ownobjects"
	"github.com/jiratokens/jira-token-operator/internal/authority"
)

// SecretName is the name of the Secret with the authorities.
const SecretName = "jira-token-operator-webhook-authority"

// lookAgain is how often the age of the authorities is looked at.
const lookAgain = time.Hour

// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;update
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=mutatingwebhookconfigurations,resourceNames=jira-token-operator,verbs=get;list;watch;update

// Reconciler reconciles the Secret, the webhook configuration and what is served.
type Reconciler struct {
	// Client reads and writes the manager's own objects.
	Client    client.Client
	Namespace string
	Clock     clock.PassiveClock
	// Server is what the replica serves with.
	Server *authority.Server
	// Endpoint is where the API server reaches the webhook.
	Endpoint Endpoint
}

// SetupWithManager registers the controller.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, own cluster.Cluster) error {
	return ownobjects.AddController(mgr, own, "webhookconfig", r,
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: SecretName}},
		&admissionregistrationv1.MutatingWebhookConfiguration{
			ObjectMeta: metav1.ObjectMeta{Name: ownobjects.WebhookConfiguration},
		})
}

// Reconcile brings all three in step.
func (r *Reconciler) Reconcile(ctx context.Context, _ ctrl.Request) (ctrl.Result, error) {
	set, err := r.authorities(ctx)
	if err != nil {
		return ctrl.Result{}, err
	}
	trusted, err := r.configure(ctx, set)
	if err != nil {
		return ctrl.Result{}, err
	}
	return r.serve(set, trusted)
}

func (r *Reconciler) serve(set authority.Set, trusted func(*x509.Certificate) bool) (ctrl.Result, error) {
	next, err := r.Server.Observe(set, trusted)
	if err != nil {
		return ctrl.Result{}, err
	}
	result := ctrl.Result{RequeueAfter: min(lookAgain, set.Until(r.Clock.Now()))}
	if next > 0 {
		result.RequeueAfter = min(result.RequeueAfter, next)
	}
	return result, nil
}
