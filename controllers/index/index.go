// SPDX-License-Identifier: Apache-2.0

// Package index names the cache's indexes that several controllers read by.
package index

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// ApiTokenByPolicyNamespace finds the ApiTokens that refer to any policy of a namespace.
const ApiTokenByPolicyNamespace = "jiratokens.io/api-token-by-policy-namespace"

// ApiTokenByOwner finds the ApiTokens of one owner, given as OwnerTokenKey.
const ApiTokenByOwner = "jiratokens.io/api-token-by-owner"

// Register adds the indexes to a manager's cache.
func Register(ctx context.Context, indexer client.FieldIndexer) error {
	byNamespace := func(o client.Object) []string {
		token := o.(*v1alpha1.ApiToken) //nolint:forcetypeassert // the indexer calls it with ApiTokens only
		return []string{string(token.Spec.PolicyRef.Namespace)}
	}
	if err := indexer.IndexField(ctx, &v1alpha1.ApiToken{}, ApiTokenByPolicyNamespace, byNamespace); err != nil {
		return fmt.Errorf("index ApiTokens by policy namespace: %w", err)
	}
	byOwner := func(o client.Object) []string {
		spec := o.(*v1alpha1.ApiToken).Spec //nolint:forcetypeassert // as above
		return []string{OwnerTokenKey(string(spec.PolicyRef.Namespace), string(spec.Owner))}
	}
	if err := indexer.IndexField(ctx, &v1alpha1.ApiToken{}, ApiTokenByOwner, byOwner); err != nil {
		return fmt.Errorf("index ApiTokens by owner: %w", err)
	}
	if err := indexer.IndexField(ctx, &corev1.Secret{}, OwnerTokenSecretByOwner, ownerTokenKeys); err != nil {
		return fmt.Errorf("index owner token Secrets by owner: %w", err)
	}
	return nil
}
