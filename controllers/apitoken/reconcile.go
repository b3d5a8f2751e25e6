// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// secretRetry is how often a Secret that belongs to somebody else, or that the API server refused, is tried again:
// nothing tells when the reason goes.
const secretRetry = time.Minute

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
	return retryConflict(r.reconcileLive(ctx, &token, slots))
}

func (r *Reconciler) reconcileLive(ctx context.Context, t *v1alpha1.ApiToken, slots []slot) (ctrl.Result, error) {
	v, err := r.verdict(ctx, t, slots)
	if err != nil {
		return ctrl.Result{}, err
	}
	if err := r.prepare(ctx, t, &v); err != nil {
		return ctrl.Result{}, err
	}
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

// verdict judges a token by what the cache knows. A first refusal is confirmed by a live look: a namespace or policy
// that was changed together with the token may not be in the cache yet, and a tool would take Stalled for final.
func (r *Reconciler) verdict(ctx context.Context, t *v1alpha1.ApiToken, slots []slot) (verdict, error) {
	s, err := r.situation(ctx, r.Client, t, slots)
	if err != nil {
		return verdict{}, err
	}
	v := judge(s)
	if !v.refused || len(slots) > 0 || saidBefore(t, v.reason) {
		return v, nil
	}
	if s, err = r.situation(ctx, r.Live, t, slots); err != nil {
		return verdict{}, err
	}
	return judge(s), nil
}

// saidBefore spares a look that would only repeat itself; nothing is decided by the status.
func saidBefore(t *v1alpha1.ApiToken, reason string) bool {
	c := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionActive)
	return c != nil && c.Reason == reason && c.ObservedGeneration == t.Generation
}

// prepare sets the finalizer before anything is made, or a deletion in between would leave it behind, and writes down
// when the expiry was declared.
func (r *Reconciler) prepare(ctx context.Context, t *v1alpha1.ApiToken, v *verdict) error {
	declared := formatDeclaration(v.declaredAt, v.declaredExpiry)
	if controllerutil.ContainsFinalizer(t, v1alpha1.FinalizerRevoke) && t.Annotations[annotationDeclared] == declared {
		return nil
	}
	patch := client.MergeFromWithOptions(t.DeepCopy(), client.MergeFromWithOptimisticLock{})
	controllerutil.AddFinalizer(t, v1alpha1.FinalizerRevoke)
	if t.Annotations == nil {
		t.Annotations = map[string]string{}
	}
	t.Annotations[annotationDeclared] = declared
	return r.Client.Patch(ctx, t, patch)
}

// nextLook says when time alone will change the verdict.
func (r *Reconciler) nextLook(v *verdict) time.Duration {
	if v.retryAfter > 0 {
		return v.retryAfter
	}
	switch v.reason {
	case v1alpha1.ReasonIssued, v1alpha1.ReasonOwnerCredentialMissing:
		if v.expiresAt != nil {
			return max(v.expiresAt.Sub(r.Clock.Now()), time.Millisecond)
		}
	}
	return 0 // time changes nothing about the others
}

// retryConflict takes a lost race for what it is: a reason to look again, not an error to report.
func retryConflict(result ctrl.Result, err error) (ctrl.Result, error) {
	if lostRace(err) {
		return ctrl.Result{RequeueAfter: 50 * time.Millisecond}, nil
	}
	return result, err
}
