// SPDX-License-Identifier: Apache-2.0

package cani

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// pageSize is how many ApiTokens are asked for at once.
const pageSize = 500

// capped tells whether a rule of the policy counts an owner's tokens.
func capped(p *v1alpha1.TokenPolicy) bool {
	return slices.ContainsFunc(p.Spec.Rules, func(r v1alpha1.Rule) bool { return r.Limits.MaxTokensPerOwner != nil })
}

// olderTokens are what the owner's other tokens under the policy ask for, the oldest first. A token that is not declared
// yet is the youngest; of one that is, only those before it count. Who declared the others is not known here:
// those count that have a credential, or that anybody may declare.
func (g *gathering) olderTokens(ctx context.Context, reader client.Reader) ([]*policy.Request, error) {
	tokens, err := g.tokensOfOwner(ctx, reader)
	if err != nil {
		return nil, fmt.Errorf("list ApiTokens: %w", err)
	}
	var older []*policy.Request
	for _, other := range tokens {
		if other.Namespace == g.facts.Token.Namespace && other.Name == g.facts.Token.Name {
			break
		}
		var namespace corev1.Namespace
		if err := reader.Get(ctx, client.ObjectKey{Name: other.Namespace}, &namespace); err != nil {
			if apierrors.IsNotFound(err) {
				continue
			}
			return nil, fmt.Errorf("read namespace %s: %w", other.Namespace, err)
		}
		request, err := policy.NewRequest(other, namespace.Labels, g.facts.Policy.Spec.Defaults, other.CreationTimestamp.Time)
		if err == nil { // else no rule permits it
			request.Live = other.Status.Credential != nil
			older = append(older, request)
		}
	}
	return older, nil
}

// tokensOfOwner are those under the policy, the oldest first, in the order in which the manager takes them.
func (g *gathering) tokensOfOwner(ctx context.Context, reader client.Reader) ([]*v1alpha1.ApiToken, error) {
	var found []*v1alpha1.ApiToken
	spec := &g.facts.Token.Spec
	for next := ""; ; {
		list := &v1alpha1.ApiTokenList{} // a new one: found points into the one before
		if err := reader.List(ctx, list, client.Limit(pageSize), client.Continue(next)); err != nil {
			return nil, err
		}
		for i := range list.Items {
			t := &list.Items[i]
			if t.Spec.PolicyRef == spec.PolicyRef && grant.SameUser(string(t.Spec.Owner), string(spec.Owner)) {
				found = append(found, t)
			}
		}
		if next = list.Continue; next == "" {
			break
		}
	}
	slices.SortFunc(found, policy.ByAge)
	return found, nil
}
