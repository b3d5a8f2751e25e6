// SPDX-License-Identifier: Apache-2.0

package revoke

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// findInSecrets looks for the hash in all hash Secrets that one may list, and moves their ApiTokens to those that are proved.
func (c *command) findInSecrets(ctx context.Context, m *matches, hash token.Hash) error {
	namespaces, err := c.policyNamespaces(ctx, m)
	if err != nil {
		return err
	}
	for _, namespace := range namespaces {
		var of []grant.TokenReference
		err := c.eachHashSecret(ctx, namespace, func(s *corev1.Secret) error {
			credential, err := grant.Decode(s.Data[grant.DataKey])
			if err == nil && credential.Hash == hash { // what can't be decoded grants nothing
				of = append(of, credential.Token)
			}
			return nil
		})
		switch {
		case apierrors.IsForbidden(err):
			m.unread = append(m.unread, namespace)
		case err != nil:
			return fmt.Errorf("list the hash Secrets in namespace %s: %w", namespace, err)
		}
		for _, ref := range of {
			if err := c.prove(ctx, m, ref, namespace); err != nil {
				return err
			}
		}
	}
	return nil
}

// policyNamespaces are where hash Secrets can be.
func (c *command) policyNamespaces(ctx context.Context, m *matches) ([]string, error) {
	var namespaces []string
	for _, t := range slices.Concat(m.proved, m.byID, m.declared) {
		namespaces = append(namespaces, string(t.Spec.PolicyRef.Namespace))
	}
	var policies v1alpha1.TokenPolicyList
	// Who may not see policies may not read Secrets beside them.
	if err := c.API.List(ctx, &policies); err != nil && !apierrors.IsForbidden(err) {
		return nil, fmt.Errorf("list the policies: %w", err)
	}
	for i := range policies.Items {
		namespaces = append(namespaces, policies.Items[i].Namespace)
	}
	slices.Sort(namespaces)
	return slices.Compact(namespaces), nil
}

// prove notes whose a credential is that has the hash; its Secret is in a namespace.
func (c *command) prove(ctx context.Context, m *matches, ref grant.TokenReference, namespace string) error {
	is := func(t *v1alpha1.ApiToken) bool { return t.UID == ref.UID }
	if slices.ContainsFunc(m.proved, is) {
		return nil
	}
	for _, list := range []*[]*v1alpha1.ApiToken{&m.byID, &m.declared} {
		if i := slices.IndexFunc(*list, is); i >= 0 {
			m.proved = append(m.proved, (*list)[i])
			*list = slices.Delete(*list, i, i+1)
			return nil
		}
	}
	if m.namespace != "" && m.namespace != ref.Namespace {
		m.others = append(m.others, fmt.Sprintf("the token on standard input is that of ApiToken %s, which -n leaves out", ref))
		return nil
	}
	t, err := c.tokenOf(ctx, ref)
	switch {
	case err != nil:
		return err
	case t == nil:
		m.others = append(m.others, fmt.Sprintf("the token on standard input was that of ApiToken %s, which is gone; the operator "+
			"will end its credential, and to do it now: kubectl delete secret -l %s=%s -n %s", ref,
			v1alpha1.LabelTokenUID, ref.UID, namespace))
	default:
		m.proved = append(m.proved, t)
	}
	return nil
}

// tokenOf is the ApiToken of a credential; nil: it is gone.
func (c *command) tokenOf(ctx context.Context, ref grant.TokenReference) (*v1alpha1.ApiToken, error) {
	t := &v1alpha1.ApiToken{}
	key := types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}
	err := client.IgnoreNotFound(c.API.Get(ctx, key, t))
	switch {
	case err != nil:
		return nil, cluster.Explain(err, "read the ApiToken "+ref.String(),
			cluster.Right{Verb: "get", Resource: "apitokens", Namespace: ref.Namespace})
	case t.UID != ref.UID: // also if it was not found
		return nil, nil //nolint:nilnil // as said above
	}
	return t, nil
}
