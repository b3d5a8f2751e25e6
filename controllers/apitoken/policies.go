// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/index"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// policies compiles each generation of a TokenPolicy once: one policy may decide about 100,000 tokens.
type policies struct {
	mu       sync.Mutex
	compiled map[types.NamespacedName]compiledPolicy
}

type compiledPolicy struct {
	uid        types.UID
	generation int64
	policy     *policy.Policy
	err        error
}

func (p *policies) compile(source *v1alpha1.TokenPolicy) (*policy.Policy, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := client.ObjectKeyFromObject(source)
	known := p.compiled[key]
	if known.uid != source.UID || known.generation != source.Generation {
		known = compiledPolicy{uid: source.UID, generation: source.Generation}
		known.policy, known.err = policy.Compile(source)
		if p.compiled == nil {
			p.compiled = map[types.NamespacedName]compiledPolicy{}
		}
		p.compiled[key] = known
	}
	return known.policy, known.err
}

// policyOf finds the policy that a token refers to (nil: there is none) and tells whether it is the one that counts in
// its namespace. The policy is the cache's own object: it must not be changed.
func policyOf(
	ctx context.Context, from client.Reader, t *v1alpha1.ApiToken,
) (found *v1alpha1.TokenPolicy, elected bool, err error) {
	var list v1alpha1.TokenPolicyList
	err = from.List(ctx, &list, client.InNamespace(t.Spec.PolicyRef.Namespace), client.UnsafeDisableDeepCopy)
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

// credentialMissing tells whether a policy impersonates with the owners' Jira tokens and has none of this owner.
func (r *Reconciler) credentialMissing(ctx context.Context, p *v1alpha1.TokenPolicy, owner string) (bool, error) {
	if p.Spec.Impersonation.OwnerTokens == nil {
		return false, nil
	}
	var list corev1.SecretList
	err := r.Client.List(ctx, &list, client.InNamespace(p.Namespace), client.UnsafeDisableDeepCopy,
		client.MatchingFields{index.OwnerTokenSecretByOwner: index.OwnerTokenKey(p.Namespace, owner)})
	if err != nil {
		return false, fmt.Errorf("list owners' Jira tokens: %w", err)
	}
	return !slices.ContainsFunc(list.Items, func(s corev1.Secret) bool { return s.Labels[v1alpha1.LabelPolicy] == p.Name }), nil
}
