// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	}
	v.retryAfter = secretRetry
	return r.hinder(ctx, t, v, slots, v1alpha1.ReasonSecretConflict, message)
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
	if v.binding != "" {
		v.state, v.accepted, v.blockedReason = state, accepted && !v.rotation.revoked(latestSlot(slots).credential), ""
	}
	return nil
}

// boundSecret is the name of the Secret that holds the token of the latest slot, or else of another one that is accepted, as
// far as the cache knows. A token that was made elsewhere is in none.
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
	bound, now := "", r.Clock.Now()
	for i := range list.Items {
		secret := &list.Items[i]
		switch {
		case !isOurs(secret, t):
		case holds(secret, latest.credential.Hash):
			return secret.Name, nil
		case namedOrHolding("", slots, now)(secret):
			bound = secret.Name
		}
	}
	return bound, nil
}
