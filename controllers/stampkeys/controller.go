// SPDX-License-Identifier: Apache-2.0

package stampkeys

import (
	"context"
	"fmt"
	"io"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/cluster"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/ownobjects"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

const (
	// renewAfter is the age of the newest key at which another one is added.
	renewAfter = 90 * 24 * time.Hour
	// enough keys, somewhat below what a ring may have: then no more are added.
	enough = 60
	// lookAgain is how often the age is looked at.
	lookAgain = time.Hour
)

// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;update

// Reconciler sees to it that there is a key, and a new one every 90 days. It removes none: stamps live as long as what
// they are on. An administrator may remove keys, or the whole Secret; then there is a new one at once.
type Reconciler struct {
	// Client reads and writes Secrets of the manager's namespace.
	Client    client.Client
	Namespace string
	Clock     clock.PassiveClock
	// Random is the source of keys; crypto/rand.Reader.
	Random io.Reader
}

// SetupWithManager registers the controller.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, own cluster.Cluster) error {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: SecretName}}
	return ownobjects.AddController(mgr, own, "stampkeys", r, secret)
}

// Reconcile adds a key if one is due.
func (r *Reconciler) Reconcile(ctx context.Context, _ ctrl.Request) (ctrl.Result, error) {
	secret, err := ownobjects.GetSecret(ctx, r.Client, r.key(), v1alpha1.SecretTypeStampKeys)
	if apierrors.IsNotFound(err) {
		return ctrl.Result{RequeueAfter: lookAgain}, r.create(ctx)
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	ring, err := stamp.ParseRing(secret.Data)
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("use Secret %s: %w", r.key(), err)
	}
	if r.Clock.Now().Sub(ring.Newest()) < renewAfter || ring.Len() >= enough {
		return ctrl.Result{RequeueAfter: lookAgain}, nil
	}
	return ctrl.Result{RequeueAfter: lookAgain}, r.add(ctx, secret)
}

func (r *Reconciler) create(ctx context.Context) error {
	id, key, err := stamp.NewKey(r.Random, r.Clock.Now())
	if err != nil {
		return err
	}
	secret := ownobjects.NewSecret(r.key(), v1alpha1.SecretTypeStampKeys, map[string][]byte{id: key})
	if err := r.Client.Create(ctx, secret); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create Secret %s: %w", SecretName, err)
	}
	return nil
}

// add is conditional on the Secret being as it was read, so that of several replicas one adds a key.
func (r *Reconciler) add(ctx context.Context, secret *corev1.Secret) error {
	id, key, err := stamp.NewKey(r.Random, r.Clock.Now())
	if err != nil {
		return err
	}
	changed := secret.DeepCopy()
	changed.Data = map[string][]byte{id: key}
	maps.Copy(changed.Data, secret.Data)
	if err := r.Client.Update(ctx, changed); err != nil && !apierrors.IsConflict(err) {
		return fmt.Errorf("add a key to Secret %s: %w", SecretName, err)
	}
	return nil
}

func (r *Reconciler) key() types.NamespacedName {
	return types.NamespacedName{Namespace: r.Namespace, Name: SecretName}
}
