// SPDX-License-Identifier: Apache-2.0

package revoke

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/selection"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/show"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// matches are the ApiTokens that have to do with a plaintext token. There can be several: each policy has its own hashes.
type matches struct {
	// namespace is that of -n; empty: all.
	namespace string
	// proved have it as their credential: the operator's status says so of its hash, or a hash Secret does.
	proved []*v1alpha1.ApiToken
	// byID have its public id as their credential's, which anybody can write before another secret.
	byID []*v1alpha1.ApiToken
	// declared say its hash in their spec, which anybody can copy, and have no credential with it.
	declared []*v1alpha1.ApiToken
	// others are hash Secrets with its hash whose ApiTokens are not among these, in words.
	others []string
	// unread are the policies' namespaces whose Secrets one may not list.
	unread []string
}

// find looks for all ApiTokens of a plaintext token: by what the operator's status says, which takes no right to read Secrets,
// and by the hash Secrets, as far as one may read them. What a spec declares is no proof: another ApiToken may be that which
// works. The token itself goes nowhere.
func (c *command) find(ctx context.Context, plaintext string) ([]*v1alpha1.ApiToken, error) {
	parsed, err := token.Parse(plaintext)
	if err != nil {
		return nil, usage.Errorf("standard input is no token: %w", err)
	}
	m, err := c.findInTokens(ctx, parsed)
	if err != nil {
		return nil, err
	}
	if err := c.findInSecrets(ctx, m, parsed.Hash()); err != nil {
		return nil, err
	}
	found := m.proved
	for _, t := range m.byID {
		if namespace := string(t.Spec.PolicyRef.Namespace); slices.Contains(m.unread, namespace) {
			found = append(found, t)
			fmt.Fprintf(c.Streams.ErrOut, "Found by its public id %s; whether the rest of the token is right can't be said, as you may "+
				"not list secrets in namespace %s.\n", parsed.ID(), namespace)
		}
	}
	if len(found) == 0 {
		return nil, m.nothing(parsed)
	}
	c.warnOfRest(m)
	return found, nil
}

// findInTokens looks at the ApiTokens of all namespaces, or of that of -n.
func (c *command) findInTokens(ctx context.Context, parsed token.Token) (*matches, error) {
	selected, err := c.everywhere()
	if err != nil {
		return nil, err
	}
	text, err := parsed.Hash().MarshalText()
	if err != nil {
		return nil, err
	}
	m := &matches{namespace: selected.Namespace}
	return m, selected.Each(ctx, c.API, func(t *v1alpha1.ApiToken) error {
		switch {
		case tokens.HasCredential(t, parsed.Hash().DerivedID()):
			m.proved = append(m.proved, t)
		case tokens.HasCredential(t, parsed.ID()):
			m.byID = append(m.byID, t)
		case string(t.Spec.TokenHash) == string(text):
			m.declared = append(m.declared, t)
		}
		return nil
	})
}

// everywhere selects the tokens of all namespaces, or of that of -n.
func (c *command) everywhere() (*selection.Selection, error) {
	_, explicit, err := c.Cluster.Namespace()
	if err != nil {
		return nil, err
	}
	c.Selection.AllNamespaces = !explicit
	return c.Selection.Selection()
}

// nothing says why there is nothing to revoke.
func (m *matches) nothing(parsed token.Token) error {
	hint := ""
	if len(m.unread) > 0 {
		hint = fmt.Sprintf("; it could also be found by the Secrets in namespace %s, which you may not list",
			strings.Join(m.unread, ", "))
	}
	says := m.others
	if len(m.declared) > 0 {
		says = append(says, fmt.Sprintf("the hash of the token on standard input is declared by ApiToken %s, and the operator says of "+
			"none that it is the credential; to revoke such a declaration, name it", declarations(m.declared)))
	}
	switch {
	case len(says) > 0:
		return exit.Errorf(exit.NotFound, "nothing was revoked: %s%s", strings.Join(says, "; "), hint)
	case len(m.byID) > 0:
		return exit.Errorf(exit.NotFound, "the token on standard input has the id of a credential of ApiToken %s, and is another: it "+
			"was changed or made up, and no gateway accepts it; nothing was revoked", names(m.byID))
	}
	return exit.Errorf(exit.NotFound, "no ApiToken has the token on standard input (its id is %s): it may be revoked already, "+
		"replaced, of another cluster, or in a namespace that was not looked into (-n)%s", parsed.ID(), hint)
}

// warnOfRest names what the revocation leaves, by which the token may be accepted all the same.
func (c *command) warnOfRest(m *matches) {
	for _, other := range m.others {
		fmt.Fprintf(c.Streams.ErrOut, "Warning: %s\n", other)
	}
	if len(m.declared) > 0 {
		fmt.Fprintf(c.Streams.ErrOut, "Warning: the same hash is declared by ApiToken %s, which is not revoked. Once it is free, the "+
			"operator can accept it there: revoke that as well, by name\n", declarations(m.declared))
	}
	c.rest = len(m.others) + len(m.declared)
}

// restError keeps scripts from taking for ended what may be accepted all the same.
func (c *command) restError() error {
	switch {
	case c.rest == 0:
		return nil
	case len(c.revokedIn) > 0:
		return exit.Errorf(exit.Incomplete, "more was undone than this command does again: see the warnings above")
	}
	return exit.Errorf(exit.Incomplete, "the token may be accepted all the same: see the warnings above")
}

// declarations names ApiTokens, and why each has no credential.
func declarations(list []*v1alpha1.ApiToken) string {
	parts := make([]string, len(list))
	for i, t := range list {
		reason, _ := tokens.Reason(t)
		if reason == "" {
			reason = "not looked at yet"
		}
		parts[i] = fmt.Sprintf("%s (%s)", tokens.Name(t), reason)
	}
	return atMost(parts)
}

func names(list []*v1alpha1.ApiToken) string {
	parts := make([]string, len(list))
	for i, t := range list {
		parts[i] = tokens.Name(t)
	}
	return atMost(parts)
}

// mostShown declarations are named in one line.
const mostShown = 20

func atMost(parts []string) string {
	text := strings.Join(parts[:min(len(parts), mostShown)], ", ")
	if more := len(parts) - mostShown; more > 0 {
		text += fmt.Sprintf(" and %s more", show.Count(more, "ApiToken"))
	}
	return text
}
