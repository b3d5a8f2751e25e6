// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

const tokenKeysByPolicy = "jiratokens.io/token-keys-by-policy"

// tokenIndex knows which ApiTokens refer to a policy, by name alone. A list through the client would copy each of
// perhaps 100,000 objects to count them.
type tokenIndex interface {
	// keys returns namespace/name of the tokens that refer to a policy, in no order.
	keys(policy types.NamespacedName) ([]string, error)
}

type cachedTokens struct{ indexer toolscache.Indexer }

func newTokenIndex(ctx context.Context, informers cache.Informers) (tokenIndex, error) {
	informer, err := informers.GetInformer(ctx, &v1alpha1.ApiToken{}, cache.BlockUntilSynced(false))
	if err != nil {
		return nil, fmt.Errorf("get the informer of ApiTokens: %w", err)
	}
	shared, ok := informer.(toolscache.SharedIndexInformer)
	if !ok {
		return nil, fmt.Errorf("the informer of ApiTokens is a %T and has no index", informer)
	}
	err = shared.AddIndexers(toolscache.Indexers{tokenKeysByPolicy: func(o any) ([]string, error) {
		token, ok := o.(*v1alpha1.ApiToken)
		if !ok {
			return nil, fmt.Errorf("%T is no ApiToken", o)
		}
		ref := token.Spec.PolicyRef
		return []string{types.NamespacedName{Namespace: string(ref.Namespace), Name: ref.Name}.String()}, nil
	}})
	if err != nil {
		return nil, fmt.Errorf("index ApiTokens: %w", err)
	}
	return cachedTokens{indexer: shared.GetIndexer()}, nil
}

func (c cachedTokens) keys(policy types.NamespacedName) ([]string, error) {
	keys, err := c.indexer.IndexKeys(tokenKeysByPolicy, policy.String())
	if err != nil {
		return nil, fmt.Errorf("look up the ApiTokens of TokenPolicy %s: %w", policy, err)
	}
	return keys, nil
}
