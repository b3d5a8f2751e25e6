// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// revoke ends a deleted ApiToken: first its credentials, so that the gateway refuses them, then the Secret that
// workloads mount (there may be no garbage collector), then the finalizer.
func (r *Reconciler) revoke(ctx context.Context, t *v1alpha1.ApiToken, cached []slot) error {
	if !controllerutil.ContainsFinalizer(t, v1alpha1.FinalizerRevoke) {
		return nil
	}
	if err := r.deleteSlotsOf(ctx, t, cached); err != nil { // at once, before the live reads
		return err
	}
	missed, err := r.liveSlots(ctx, t, cached)
	if err != nil && !r.watchesPolicyOf(t) {
		return r.unrevokable(t, err)
	}
	if err != nil {
		return err
	}
	if err := r.deleteSlotsOf(ctx, t, missed); err != nil {
		return err
	}
	secret, err := r.liveTokenSecret(ctx, t)
	if err != nil {
		return err
	}
	if err := r.deleteTokenSecrets(ctx, t, nil, secret); err != nil {
		return err
	}
	if err := r.deleteApprovals(ctx, t); err != nil {
		return err
	}
	r.recordRevoked(t, cached)
	patch := client.MergeFromWithOptions(t.DeepCopy(), client.MergeFromWithOptimisticLock{})
	controllerutil.RemoveFinalizer(t, v1alpha1.FinalizerRevoke)
	if err := r.Client.Patch(ctx, t, patch); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("remove finalizer: %w", err)
	}
	r.refusals.forget(t.UID)
	r.pendings.forget(t.UID)
	r.eventRevoked(t)
	return nil
}

// deleteSlotsOf deletes credentials of a deleted token.
func (r *Reconciler) deleteSlotsOf(ctx context.Context, t *v1alpha1.ApiToken, slots []slot) error {
	for _, s := range slots {
		refused := r.deleteSlot(ctx, s.secret, sameObject(s.secret))
		if err := r.unlessEnding(ctx, t, s.secret.Namespace, refused); err != nil {
			return err
		}
	}
	return nil
}

// deleteTokenSecrets deletes the Secrets that hold the token's plaintext, but those to keep (nil: none): those that the cache
// knows, and another that it may not have yet. Where some are kept, one that has changed since may have become one of these.
func (r *Reconciler) deleteTokenSecrets(
	ctx context.Context, t *v1alpha1.ApiToken, keep func(*corev1.Secret) bool, another *corev1.Secret,
) error {
	var list corev1.SecretList
	err := r.Client.List(ctx, &list, client.InNamespace(t.Namespace), client.MatchingFields{secretByTokenUID: string(t.UID)})
	if err != nil {
		return fmt.Errorf("list token Secrets: %w", err)
	}
	if another != nil {
		list.Items = append(list.Items, *another)
	}
	for i := range list.Items {
		secret := &list.Items[i]
		condition := sameObject
		if keep != nil {
			condition = exactly
		}
		if (keep != nil && keep(secret)) || !madeFor(secret, t) {
			continue
		}
		err := r.unlessEnding(ctx, t, secret.Namespace, r.Client.Delete(ctx, secret, condition(secret)))
		if client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) {
			return fmt.Errorf("delete Secret %s: %w", client.ObjectKeyFromObject(secret), err)
		}
	}
	return nil
}

// madeFor tells whether a Secret was made for a token, even if its owner reference has been taken off (as deleting with
// --cascade=orphan does).
func madeFor(secret *corev1.Secret, t *v1alpha1.ApiToken) bool {
	labelled := secret.Labels[v1alpha1.LabelTokenUID] == string(t.UID) && metav1.GetControllerOf(secret) == nil
	return secret.Type == corev1.SecretTypeOpaque && (labelled || metav1.IsControlledBy(secret, t))
}
