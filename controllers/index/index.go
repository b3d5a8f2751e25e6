// SPDX-License-Identifier: Apache-2.0

// Package index names the cache's indexes that several controllers read by.
package index

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

const (
	// ApiTokenByPolicy finds the ApiTokens that refer to a policy, given as namespace/name.
	ApiTokenByPolicy = "jiratokens.io/api-token-by-policy"

	// ApiTokenByPolicyNamespace finds the ApiTokens that refer to any policy of a namespace.
	ApiTokenByPolicyNamespace = "jiratokens.io/api-token-by-policy-namespace"
)

// Register adds the indexes to a manager's cache.
func Register(ctx context.Context, indexer client.FieldIndexer) error {
	byPolicy := func(o client.Object) []string {
		ref := o.(*v1alpha1.ApiToken).Spec.PolicyRef //nolint:forcetypeassert // the indexer calls it with ApiTokens only
		return []string{string(ref.Namespace) + "/" + ref.Name}
	}
	if err := indexer.IndexField(ctx, &v1alpha1.ApiToken{}, ApiTokenByPolicy, byPolicy); err != nil {
		return fmt.Errorf("index ApiTokens by policy: %w", err)
	}
	byNamespace := func(o client.Object) []string {
		return []string{string(o.(*v1alpha1.ApiToken).Spec.PolicyRef.Namespace)} //nolint:forcetypeassert // as above
	}
	if err := indexer.IndexField(ctx, &v1alpha1.ApiToken{}, ApiTokenByPolicyNamespace, byNamespace); err != nil {
		return fmt.Errorf("index ApiTokens by policy namespace: %w", err)
	}
	return nil
}
