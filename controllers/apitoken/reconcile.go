// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// conflictRetry is how often a Secret of another owner is looked at again: the cache does not hold it, so nothing
// tells when it goes.
const conflictRetry = time.Minute

// Reconcile brings one ApiToken to what it and its policy say. Any step can be the last one before a kill; the next
// run goes on from what is there.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var token v1alpha1.ApiToken
	if err := r.Client.Get(ctx, req.NamespacedName, &token); err != nil {
		if apierrors.IsNotFound(err) {
			return ctrl.Result{}, r.sweep(ctx, req.NamespacedName, "")
		}
		return ctrl.Result{}, err
	}
	if err := r.sweep(ctx, req.NamespacedName, token.UID); err != nil {
		return ctrl.Result{}, err
	}
	slots, err := r.cachedSlots(ctx, &token)
	if err != nil {
		return ctrl.Result{}, err
	}
	if !token.DeletionTimestamp.IsZero() {
		return retryConflict(ctrl.Result{}, r.revoke(ctx, &token, slots))
	}
	if err := r.ensureFinalizer(ctx, &token); err != nil {
		return retryConflict(ctrl.Result{}, err)
	}
	return retryConflict(r.reconcileLive(ctx, &token, slots))
}

func (r *Reconciler) reconcileLive(ctx context.Context, t *v1alpha1.ApiToken, slots []slot) (ctrl.Result, error) {
	situation, err := r.situation(ctx, t, slots)
	if err != nil {
		return ctrl.Result{}, err
	}
	v := judge(situation)
	if v.issue {
		if slots, err = r.issue(ctx, t, &v, slots); err != nil {
			return ctrl.Result{}, err
		}
	}
	if err := r.updateSlots(ctx, t, &v, slots); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: r.nextLook(&v)}, r.updateStatus(ctx, t, &v, slots)
}

// issue sees to the credential and the Secret. What stands in the way and is no error becomes the verdict.
func (r *Reconciler) issue(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, cached []slot) ([]slot, error) {
	slots, err := r.ensureCredential(ctx, t, v, cached)
	switch {
	case errors.Is(err, errSecretConflict):
		v.conflict(t)
		return cached, nil
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		v.wait(v1alpha1.ReasonTerminating, "a namespace is being deleted, so nothing can be issued: "+err.Error())
		return cached, nil
	case err != nil:
		return nil, err
	}
	return slots, r.deleteTokenSecrets(ctx, t, t.SecretName()) // those of an earlier name
}

// ensureFinalizer comes before anything is made, or a deletion in between would leave it behind.
func (r *Reconciler) ensureFinalizer(ctx context.Context, t *v1alpha1.ApiToken) error {
	if controllerutil.ContainsFinalizer(t, v1alpha1.FinalizerRevoke) {
		return nil
	}
	patch := client.MergeFromWithOptions(t.DeepCopy(), client.MergeFromWithOptimisticLock{})
	controllerutil.AddFinalizer(t, v1alpha1.FinalizerRevoke)
	return r.Client.Patch(ctx, t, patch)
}

// nextLook says when time alone will change the verdict.
func (r *Reconciler) nextLook(v *verdict) time.Duration {
	if v.reason == v1alpha1.ReasonSecretConflict {
		return conflictRetry
	}
	if v.expiresAt == nil || v.reason == v1alpha1.ReasonExpired {
		return 0
	}
	return max(v.expiresAt.Sub(r.Clock.Now()), time.Millisecond)
}

// retryConflict takes a lost race for what it is: a reason to look again, not an error to report.
func retryConflict(result ctrl.Result, err error) (ctrl.Result, error) {
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		return ctrl.Result{RequeueAfter: 50 * time.Millisecond}, nil
	}
	return result, err
}
