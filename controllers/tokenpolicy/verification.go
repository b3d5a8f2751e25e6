// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/policysecret"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

const (
	// verifyEvery is how often Jira is asked whether it takes the gateway's requests for the owners'.
	verifyEvery = 10 * time.Minute
	// verifyTimeout bounds all that is asked for one policy at a time.
	verifyTimeout = time.Minute
)

// Verifier proves that the impersonation of each policy works, as a known user, and writes the condition
// ImpersonationVerified. As it comes by every ten minutes, it also warns of owners' tokens and certificates that end. It is
// a controller of its own so that a Jira that hangs holds up no gateway.
type Verifier struct {
	// Client reads from the cache and writes the status.
	Client client.Client
	// Live reads Secrets, whose values are not kept in the cache.
	Live client.Reader
	// Clock tells the time.
	Clock clock.PassiveClock
	// Registerer takes the metrics; nil: nobody does.
	Registerer prometheus.Registerer

	secrets *secretIndex
	metrics *expiryMetrics
	states  verificationStates
}

// Prepare makes a Verifier ready to reconcile the policies of a Reconciler that was set up before.
func (v *Verifier) Prepare(policies *Reconciler) {
	v.secrets = policies.secrets
	v.metrics = newExpiryMetrics(v.Registerer)
}

// SetupWithManager registers the controller and what wakes it.
func (v *Verifier) SetupWithManager(mgr ctrl.Manager, policies *Reconciler, concurrency int) error {
	v.Prepare(policies)
	return ctrl.NewControllerManagedBy(mgr).Named("impersonation").
		For(&v1alpha1.TokenPolicy{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.TokenPolicy{}, policies.wakeSiblings(), builder.WithPredicates(comesOrGoes())).
		Watches(&corev1.Secret{}, wakeBySecret(), builder.WithPredicates(policysecret.MayBeReferredTo())).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency}).
		Complete(v)
}

// Reconcile asks Jira if that is due, and says what came of it.
func (v *Verifier) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var p v1alpha1.TokenPolicy
	err := v.Client.Get(ctx, req.NamespacedName, &p)
	if apierrors.IsNotFound(err) {
		v.forget(req.NamespacedName)
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("get TokenPolicy: %w", err)
	}
	result, err := v.reconcile(ctx, &p)
	if apierrors.IsConflict(err) { // another controller wrote its part of the status at the same time
		return ctrl.Result{RequeueAfter: cacheDelay}, nil
	}
	return result, err
}

func (v *Verifier) reconcile(ctx context.Context, p *v1alpha1.TokenPolicy) (ctrl.Result, error) {
	counts, err := v.counts(ctx, p)
	if err != nil {
		return ctrl.Result{}, err
	}
	if !counts {
		v.forget(client.ObjectKeyFromObject(p))
		return ctrl.Result{}, v.write(ctx, p, nil, nil, nil)
	}
	state := v.states.of(client.ObjectKeyFromObject(p), p.UID)
	source, err := v.source(ctx, p)
	if err != nil {
		return ctrl.Result{}, err
	}
	owners, err := v.owners(p, state)
	if err != nil {
		return ctrl.Result{}, err
	}
	now := v.Clock.Now()
	if due, _ := state.due(now, source, owners.pending()); due {
		found, err := v.verify(ctx, p, owners, state.whole(now, source))
		if err != nil {
			return ctrl.Result{}, err
		}
		state.finished(now, source, found)
	}
	soon, first := owners.expiring(now)
	certificates, err := v.certificates(ctx, p)
	if err != nil {
		return ctrl.Result{}, err
	}
	v.metrics.set(client.ObjectKeyFromObject(p), len(soon), first, firstEnd(certificates))
	err = v.write(ctx, p, state.condition(p), expiryCondition(p, soon), certificateCondition(p, certificates, now))
	if err != nil {
		return ctrl.Result{}, err
	}
	_, next := state.due(now, source, owners.pending())
	return ctrl.Result{RequeueAfter: max(next.Sub(v.Clock.Now()), time.Second)}, nil
}

func (v *Verifier) forget(key client.ObjectKey) {
	v.states.Forget(key)
	v.metrics.forget(key)
}

// counts tells whether the policy's gateway is, or may be, in use.
func (v *Verifier) counts(ctx context.Context, p *v1alpha1.TokenPolicy) (bool, error) {
	if p.DeletionTimestamp != nil {
		return false, nil
	}
	var list v1alpha1.TokenPolicyList
	if err := v.Client.List(ctx, &list, client.InNamespace(p.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return false, fmt.Errorf("list TokenPolicies: %w", err)
	}
	elected := policy.Elect(list.Items)
	return elected != nil && elected.UID == p.UID, nil
}

// write puts the conditions into the status, or takes away those that are nil, if that changes anything.
func (v *Verifier) write(
	ctx context.Context, p *v1alpha1.TokenPolicy, verification, ownerTokens, certificates *metav1.Condition,
) error {
	before := p.DeepCopy()
	for kind, condition := range map[string]*metav1.Condition{
		v1alpha1.ConditionImpersonationVerified: verification, v1alpha1.ConditionOwnerTokensExpiring: ownerTokens,
		v1alpha1.ConditionCertificateExpiring: certificates,
	} {
		if condition == nil {
			meta.RemoveStatusCondition(&p.Status.Conditions, kind)
		} else {
			setCondition(p, condition)
		}
	}
	if equality.Semantic.DeepEqual(before.Status, p.Status) {
		return nil
	}
	// With the lock: a leader that was paused must not write what it found long ago.
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := v.Client.Status().Patch(ctx, p, patch); err != nil {
		return client.IgnoreNotFound(fmt.Errorf("update status: %w", err))
	}
	return nil
}
