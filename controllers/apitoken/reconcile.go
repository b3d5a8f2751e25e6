// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// secretRetry is how often a Secret that belongs to somebody else, or that the API server refused, is tried again:
// nothing tells when the reason goes.
const secretRetry = time.Minute

// conflictRetry is how soon a token is looked at again that somebody else changed meanwhile.
const conflictRetry = 50 * time.Millisecond

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
	begun := r.pendings.begun(token.UID)
	result, err := retryConflict(r.reconcileLive(ctx, &token, slots))
	if err == nil {
		result.Priority = r.pendings.priority(token.UID, r.Clock.Now(), begun)
	}
	return result, err
}

func (r *Reconciler) reconcileLive(ctx context.Context, t *v1alpha1.ApiToken, slots []slot) (ctrl.Result, error) {
	capped, err := r.capped(ctx, t)
	if err != nil {
		return ctrl.Result{}, err
	}
	v := verdict{unordered: !capped}
	if !capped {
		return r.converge(ctx, t, slots, &v)
	}
	// One after the other: each sees the places that the others took.
	lock := r.owners.of(t)
	lock.Lock()
	defer lock.Unlock()
	result, err := r.converge(ctx, t, slots, &v)
	lock.note(t.UID, err != nil || v.state == grant.Active, r.Clock.Now())
	return result, err
}

// converge makes a token what its verdict says, which it fills in.
func (r *Reconciler) converge(ctx context.Context, t *v1alpha1.ApiToken, slots []slot, v *verdict) (ctrl.Result, error) {
	err := r.findAccepted(ctx, t, slots)
	if err != nil {
		return ctrl.Result{}, err
	}
	unordered := v.unordered
	if *v, err = r.verdict(ctx, t, slots); err != nil {
		return ctrl.Result{}, err
	}
	switch {
	case v.unwatched:
		return ctrl.Result{}, r.updateStatus(ctx, t, v, slots)
	case v.later > 0:
		return ctrl.Result{RequeueAfter: v.later}, nil
	case unordered && v.capped: // the policy has just changed: not without the lock
		return ctrl.Result{RequeueAfter: conflictRetry}, nil
	}
	if err := r.prepare(ctx, t, v); err != nil {
		return ctrl.Result{}, r.unprepared(ctx, t, v, slots, err)
	}
	switch {
	case v.ended:
		slots, err = nil, r.endAll(ctx, t, v, slots)
	case v.issue:
		slots, err = r.issue(ctx, t, v, slots)
	default:
		r.pendings.forget(t.UID)
		slots, err = r.dropRetired(ctx, t, v, slots)
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	if wrote, err := r.updateSlots(ctx, t, v, slots); wrote || err != nil {
		// The status later: when a policy is tightened, the other tokens' credentials come first.
		return ctrl.Result{RequeueAfter: conflictRetry}, err
	}
	return ctrl.Result{RequeueAfter: r.nextLook(v, slots)}, r.updateStatus(ctx, t, v, slots)
}

// verdict judges a token by what the cache knows. A first refusal is confirmed by a live look: a namespace or policy
// that was changed together with the token may not be in the cache yet, and a tool would take Stalled for final.
func (r *Reconciler) verdict(ctx context.Context, t *v1alpha1.ApiToken, slots []slot) (verdict, error) {
	s, err := r.situation(ctx, r.Client, t, slots)
	if err != nil {
		return verdict{}, err
	}
	v, err := s.judge()
	if err != nil || !v.refused || len(slots) > 0 || saidBefore(t, v.reason) {
		return v, err
	}
	if s, err = r.situation(ctx, r.Live, t, slots); err != nil {
		return verdict{}, err
	}
	return s.judge()
}

// saidBefore spares a look that would only repeat itself; nothing is decided by the status.
func saidBefore(t *v1alpha1.ApiToken, reason string) bool {
	c := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionActive)
	return c != nil && c.Reason == reason && c.ObservedGeneration == t.Generation
}

// prepare sets the finalizer before anything is made, or a deletion in between would leave it behind, and writes down
// when the expiry was declared. A token that the operator makes forgets the hash that was declared before.
func (r *Reconciler) prepare(ctx context.Context, t *v1alpha1.ApiToken, v *verdict) error {
	declared := formatDeclaration(v.claim.Request.DeclaredAt, v.claim.declaredExpiry)
	_, accepted := t.Annotations[annotationAccepted]
	forget := accepted && t.Spec.TokenHash == ""
	if controllerutil.ContainsFinalizer(t, v1alpha1.FinalizerRevoke) && t.Annotations[annotationDeclared] == declared && !forget {
		return nil
	}
	patch := client.MergeFromWithOptions(t.DeepCopy(), client.MergeFromWithOptimisticLock{})
	controllerutil.AddFinalizer(t, v1alpha1.FinalizerRevoke)
	if t.Annotations == nil {
		t.Annotations = map[string]string{}
	}
	t.Annotations[annotationDeclared] = declared
	if forget {
		delete(t.Annotations, annotationAccepted)
	}
	return r.Client.Patch(ctx, t, patch)
}

// retryConflict takes a lost race for what it is: a reason to look again, not an error to report. So it does with a cache
// that is behind.
func retryConflict(result ctrl.Result, err error) (ctrl.Result, error) {
	if lostRace(err) || errors.Is(err, errUnsettled) {
		return ctrl.Result{RequeueAfter: conflictRetry}, nil
	}
	return result, err
}
