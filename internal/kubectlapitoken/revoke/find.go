// SPDX-License-Identifier: Apache-2.0

package revoke

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// found is the ApiToken of a plaintext token. proved: its hash was compared; else its public id alone, which anybody can write
// before another secret.
type found struct {
	token  *v1alpha1.ApiToken
	proved bool
}

// find looks for the ApiToken of a plaintext token: by what the ApiTokens say, which takes no right to read Secrets, and then
// by the hash Secrets, as far as one may read them. The token itself goes nowhere.
func (c *command) find(ctx context.Context, plaintext string) (*v1alpha1.ApiToken, error) {
	parsed, err := token.Parse(plaintext)
	if err != nil {
		return nil, usage.Errorf("standard input is no token: %w", err)
	}
	hit, err := c.findInTokens(ctx, parsed)
	if err != nil {
		return nil, err
	}
	if hit != nil && hit.proved {
		return hit.token, nil
	}
	namespaces, err := c.policyNamespaces(ctx, hit)
	if err != nil {
		return nil, err
	}
	credential, unread, err := c.findInSecrets(ctx, namespaces, parsed.Hash())
	switch {
	case err != nil:
		return nil, err
	case credential != nil:
		return c.tokenOf(ctx, credential)
	case hit == nil:
		return nil, notFound(parsed, unread)
	case len(unread) == 0:
		return nil, exit.Errorf(exit.NotFound, "the token on standard input has the id of a credential of ApiToken %s, and is "+
			"another: it was changed or made up, and no gateway accepts it; nothing was revoked", tokens.Name(hit.token))
	}
	fmt.Fprintf(c.streams.ErrOut, "Found by its public id %s; whether the rest of the token is right can't be said, as you may not "+
		"list secrets in namespace %s.\n", parsed.ID(), hit.token.Spec.PolicyRef.Namespace)
	return hit.token, nil
}

func notFound(parsed token.Token, unread []string) error {
	hint := ""
	if len(unread) > 0 {
		hint = fmt.Sprintf("; it could also be found by the Secrets in namespace %s, which you may not list",
			strings.Join(unread, ", "))
	}
	return exit.Errorf(exit.NotFound, "no ApiToken has the token on standard input (its id is %s): it may be revoked already, "+
		"replaced, of another cluster, or in a namespace that was not looked into (-n)%s", parsed.ID(), hint)
}

var errEnough = errors.New("enough")

// findInTokens looks at the ApiTokens of all namespaces, or of that of -n; nil: none is it.
func (c *command) findInTokens(ctx context.Context, parsed token.Token) (*found, error) {
	_, explicit, err := c.cluster.Namespace()
	if err != nil {
		return nil, err
	}
	c.selection.AllNamespaces = !explicit
	selected, err := c.selection.Selection()
	if err != nil {
		return nil, err
	}
	text, err := parsed.Hash().MarshalText()
	if err != nil {
		return nil, err
	}
	var hit *found
	err = selected.Each(ctx, c.api, func(t *v1alpha1.ApiToken) error {
		switch {
		case string(t.Spec.TokenHash) == string(text), tokens.HasCredential(t, parsed.Hash().DerivedID()):
			hit = &found{token: t, proved: true}
			return errEnough
		case tokens.HasCredential(t, parsed.ID()):
			hit = &found{token: t}
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return hit, err
}

// policyNamespaces are where the hash Secret can be.
func (c *command) policyNamespaces(ctx context.Context, hit *found) ([]string, error) {
	if hit != nil {
		return []string{string(hit.token.Spec.PolicyRef.Namespace)}, nil
	}
	var policies v1alpha1.TokenPolicyList
	err := c.api.List(ctx, &policies)
	switch {
	case apierrors.IsForbidden(err):
		return nil, nil // who may not see policies may not read Secrets beside them
	case err != nil:
		return nil, fmt.Errorf("list the policies: %w", err)
	}
	var namespaces []string
	for i := range policies.Items {
		namespaces = append(namespaces, policies.Items[i].Namespace)
	}
	slices.Sort(namespaces)
	return slices.Compact(namespaces), nil
}

// findInSecrets looks for the hash in the hash Secrets; unread are the namespaces whose Secrets one may not list.
func (c *command) findInSecrets(
	ctx context.Context, namespaces []string, hash token.Hash,
) (hit *grant.Credential, unread []string, err error) {
	for _, namespace := range namespaces {
		err := c.eachHashSecret(ctx, namespace, func(s *corev1.Secret) error {
			credential, err := grant.Decode(s.Data[grant.DataKey])
			if err == nil && credential.Hash == hash { // what can't be decoded grants nothing
				hit = credential
				return errEnough
			}
			return nil
		})
		switch {
		case errors.Is(err, errEnough):
			return hit, nil, nil
		case apierrors.IsForbidden(err):
			unread = append(unread, namespace)
		case err != nil:
			return nil, nil, fmt.Errorf("list the hash Secrets in namespace %s: %w", namespace, err)
		}
	}
	return nil, unread, nil
}

// tokenOf is the ApiToken of a credential. One that is gone, and whose credential still is there, can be revoked, too.
func (c *command) tokenOf(ctx context.Context, credential *grant.Credential) (*v1alpha1.ApiToken, error) {
	ref := credential.Token
	t := &v1alpha1.ApiToken{}
	err := c.api.Get(ctx, client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}, t)
	switch {
	case err == nil && t.UID == ref.UID:
		return t, nil
	case err != nil && !apierrors.IsNotFound(err):
		return nil, cluster.Explain(err, "read the ApiToken "+ref.String(),
			cluster.Right{Verb: "get", Resource: "apitokens", Namespace: ref.Namespace})
	}
	return nil, exit.Errorf(exit.NotFound, "the token on standard input was that of ApiToken %s, which is gone; the operator will "+
		"end its credential, and to do it now: kubectl delete secret -l %s=%s -n NAMESPACE of the policy", ref,
		v1alpha1.LabelTokenUID, ref.UID)
}
