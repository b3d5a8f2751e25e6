// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/namespaced"
)

// sweep deletes the hash Secrets that were made for an ApiToken of this name which is gone: its finalizer was removed
// by hand, or it was created again with another UID. A live read confirms it.
func (r *Reconciler) sweep(ctx context.Context, key types.NamespacedName, known types.UID) error {
	orphans, err := r.hashSecretsOfOthers(ctx, key, known)
	if err != nil || len(orphans) == 0 {
		return err
	}
	if !r.Namespaces.Has(key.Namespace) {
		r.leaveAlone(ctx, key, len(orphans))
		return nil
	}
	var token v1alpha1.ApiToken
	err = r.Live.Get(ctx, key, &token)
	exists := err == nil
	if err := namespaced.UnlessGone(ctx, r.Live, key.Namespace, client.IgnoreNotFound(err)); err != nil {
		return fmt.Errorf("confirm that ApiToken %s is gone: %w", key, err)
	}
	for i := range orphans {
		if _, its := parseSlot(&orphans[i], token.UID); exists && its {
			continue // the cache was behind, or the label was removed
		}
		r.recordOrphan(key, &orphans[i])
		if err := r.deleteSlot(ctx, &orphans[i], sameObject(&orphans[i])); err != nil {
			return err
		}
		log.FromContext(ctx).Info("revoked a credential whose ApiToken is gone", "hashSecret", orphans[i].Name)
	}
	return nil
}

func (r *Reconciler) hashSecretsOfOthers(
	ctx context.Context, key types.NamespacedName, known types.UID,
) ([]corev1.Secret, error) {
	var list corev1.SecretList
	if err := r.Client.List(ctx, &list, client.MatchingFields{hashSecretByToken: key.String()}); err != nil {
		return nil, fmt.Errorf("list hash Secrets of %s: %w", key, err)
	}
	var others []corev1.Secret
	for i := range list.Items {
		if _, its := parseSlot(&list.Items[i], known); !its {
			others = append(others, list.Items[i])
		}
	}
	return others, nil
}
