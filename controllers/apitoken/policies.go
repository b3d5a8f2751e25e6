// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/index"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// policies compiles each generation of a TokenPolicy once, with each state of its directory: one policy may decide about
// 100,000 tokens.
type policies struct {
	mu       sync.Mutex
	compiled map[types.NamespacedName]compiledPolicy
}

type compiledPolicy struct {
	uid        types.UID
	generation int64
	since      time.Time // this generation is known
	snapshot   *directory.Snapshot
	policy     *policy.Policy
	err        error
}

func (p *policies) compile(
	source *v1alpha1.TokenPolicy, snapshot *directory.Snapshot, now time.Time,
) (compiled *policy.Policy, since time.Time, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := client.ObjectKeyFromObject(source)
	known := p.compiled[key]
	same := known.uid == source.UID && known.generation == source.Generation
	if !same || known.snapshot != snapshot {
		if same {
			now = known.since
		}
		known = compiledPolicy{uid: source.UID, generation: source.Generation, since: now, snapshot: snapshot}
		known.policy, known.err = policy.Compile(source, snapshot)
		if p.compiled == nil {
			p.compiled = map[types.NamespacedName]compiledPolicy{}
		}
		p.compiled[key] = known
	}
	return known.policy, known.since, known.err
}

// capped tells whether a token's policy has a rule that bounds the number of an owner's tokens.
func (r *Reconciler) capped(ctx context.Context, t *v1alpha1.ApiToken) (bool, error) {
	p, _, err := policyOf(ctx, r.Client, t)
	if err != nil || p == nil {
		return false, err
	}
	compiled, _, err := r.policies.compile(p, r.directoryOf(ctx, p), r.Clock.Now())
	return err == nil && compiled.Capped(), nil
}

// capped tells whether a policy, as it was last compiled, has a rule that bounds the number of an owner's tokens.
func (p *policies) capped(key types.NamespacedName) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.compiled[key].policy
	return known != nil && known.Capped()
}

func policyKey(t *v1alpha1.ApiToken) types.NamespacedName {
	return types.NamespacedName{Namespace: string(t.Spec.PolicyRef.Namespace), Name: t.Spec.PolicyRef.Name}
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
