// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// conflictError: the Secret of the wanted name belongs to somebody else.
type conflictError struct{ secret *corev1.Secret }

func (e *conflictError) Error() string { return "the Secret belongs to somebody else" }

// conflict is the verdict when the name of the token Secret is taken.
func (r *Reconciler) conflict(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, slots []slot, taken *corev1.Secret) error {
	message := fmt.Sprintf("Secret %s exists and was not made for this ApiToken: delete it, or set spec.secret.name to "+
		"another name; it is looked at again every %s", taken.Name, secretRetry)
	if owner := metav1.GetControllerOf(taken); owner != nil && owner.Kind == apiTokenKind.Kind {
		message = fmt.Sprintf("Secret %s belongs to ApiToken %s: set spec.secret.name to another name", taken.Name, owner.Name)
		until, err := r.handedOnAt(ctx, t.Namespace, owner.Name, taken)
		if err != nil {
			return err
		}
		if until != "" {
			message += ", or wait: its credential there was replaced, and the Secret goes when that ends, at " + until
		}
	}
	v.retryAfter = secretRetry
	return r.hinder(ctx, t, v, slots, v1alpha1.ReasonSecretConflict, message)
}

// handedOnAt is when a Secret goes that an ApiToken has left for another name; empty: it has not, or that is not known.
func (r *Reconciler) handedOnAt(ctx context.Context, namespace, owner string, left *corev1.Secret) (string, error) {
	var other v1alpha1.ApiToken
	err := r.Client.Get(ctx, types.NamespacedName{Namespace: namespace, Name: owner}, &other)
	if err != nil || other.SecretName() == left.Name {
		return "", client.IgnoreNotFound(err)
	}
	for _, c := range other.Status.Retiring {
		if c.ID == left.Annotations[v1alpha1.AnnotationCredentialID] {
			return c.RetiresAt.UTC().Format(time.RFC3339), nil
		}
	}
	return "", nil
}

// secretRefused is the verdict when the API server did not take a Secret.
func (r *Reconciler) secretRefused(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, slots []slot, last refusal) error {
	v.retryAfter = max(last.until.Sub(r.Clock.Now()), time.Millisecond)
	return r.hinder(ctx, t, v, slots, v1alpha1.ReasonSecretRefused,
		"the API server did not take a Secret that the token needs; it is tried again: "+last.why)
}

// hinder reports what keeps the token's Secret from being as declared. A credential that a Secret of ours still holds,
// as declared before, stays as the verdict had it.
func (r *Reconciler) hinder(
	ctx context.Context, t *v1alpha1.ApiToken, v *verdict, slots []slot, reason, message string,
) (err error) {
	if v.binding, err = r.boundSecret(ctx, t, slots); err != nil {
		return err
	}
	state, accepted := v.state, v.accepted
	v.refuse(reason, message)
	v.blockedReason = "the token's Secret could not be written"
	if v.binding == "" {
		return nil
	}
	c := latestSlot(slots).credential
	if v.rotation.overdue(c, r.Clock.Now()) { // else who can keep the Secret from being written could keep the credential
		v.blockedReason = tooOld
		return nil
	}
	v.state, v.accepted, v.blockedReason = state, accepted && !v.rotation.revoked(c), ""
	return nil
}

// boundSecret is the name of the Secret that holds the token of the latest slot, or else of another one that was not replaced,
// as far as the cache knows: the Secret of an earlier name, which stays for the overlap, does not count, or deleting the one
// that does would end nothing. A token that was made elsewhere is in none.
func (r *Reconciler) boundSecret(ctx context.Context, t *v1alpha1.ApiToken, slots []slot) (string, error) {
	latest := latestSlot(slots)
	if latest == nil || t.Spec.TokenHash != "" {
		return "", nil
	}
	var list corev1.SecretList
	err := r.Client.List(ctx, &list, client.InNamespace(t.Namespace), client.MatchingFields{secretByTokenUID: string(t.UID)})
	if err != nil {
		return "", fmt.Errorf("list token Secrets: %w", err)
	}
	bound := ""
	for i := range list.Items {
		secret := &list.Items[i]
		for _, s := range slots {
			if s.credential == nil || s.credential.RetireAt != nil || !holds(secret, s.credential.Hash) || !isOurs(secret, t) {
				continue
			}
			if bound = secret.Name; s.number == latest.number {
				return bound, nil
			}
		}
	}
	return bound, nil
}
