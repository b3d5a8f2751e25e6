// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// policies compiles each generation of a TokenPolicy once: one policy may decide about 100,000 tokens.
type policies struct {
	mu       sync.Mutex
	compiled map[types.UID]compiledPolicy
}

type compiledPolicy struct {
	generation int64
	policy     *policy.Policy
	err        error
}

func (p *policies) compile(source *v1alpha1.TokenPolicy) (*policy.Policy, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known, ok := p.compiled[source.UID]
	if !ok || known.generation != source.Generation {
		known = compiledPolicy{generation: source.Generation}
		known.policy, known.err = policy.Compile(source)
		if p.compiled == nil {
			p.compiled = map[types.UID]compiledPolicy{}
		}
		p.compiled[source.UID] = known
	}
	return known.policy, known.err
}

// policyOf finds the policy that a token refers to (nil: there is none) and tells whether it is the one that counts in
// its namespace. The policy is the cache's own object: it must not be changed.
func (r *Reconciler) policyOf(ctx context.Context, t *v1alpha1.ApiToken) (found *v1alpha1.TokenPolicy, elected bool, err error) {
	var list v1alpha1.TokenPolicyList
	err = r.Client.List(ctx, &list, client.InNamespace(t.Spec.PolicyRef.Namespace), client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, false, fmt.Errorf("list policies: %w", err)
	}
	for i := range list.Items {
		if list.Items[i].Name == t.Spec.PolicyRef.Name {
			found = &list.Items[i]
		}
	}
	return found, found != nil && policy.Elect(list.Items) == found, nil
}
