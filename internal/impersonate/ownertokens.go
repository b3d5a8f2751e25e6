// SPDX-License-Identifier: Apache-2.0

package impersonate

import (
	"fmt"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// OwnerTokens sends each owner's own Jira personal access token. Its keys are folded user names.
type OwnerTokens struct {
	tokens            map[string]string
	namespace, policy string
}

// NewOwnerTokens takes tokens by user name; names are folded here. A value that no header can carry is an error. The
// policy and its namespace are for telling what would be right.
func NewOwnerTokens(byOwner map[string]string, namespace, policy string) (*OwnerTokens, error) {
	tokens := make(map[string]string, len(byOwner))
	for owner, token := range byOwner {
		if err := check("the Jira token of owner "+owner, token); err != nil {
			return nil, err
		}
		tokens[grant.FoldUser(owner)] = "Bearer " + token
	}
	return &OwnerTokens{tokens: tokens, namespace: namespace, policy: policy}, nil
}

// Apply sends the owner's token, or fails if there is none.
func (o *OwnerTokens) Apply(out *Outgoing, owner string) error {
	authorization, ok := o.tokens[grant.FoldUser(owner)]
	if !ok {
		return &MissingCredentialError{
			Owner: owner,
			Remedy: fmt.Sprintf("a Secret with the keys owner (%s) and token (a personal access token made by that user in "+
				"Jira) is needed in the namespace %[2]s, with two labels: kubectl label secret <name> -n %[2]s %s=%s %s=%s",
				owner, o.namespace, v1alpha1.LabelPolicy, o.policy, v1alpha1.LabelCredential, v1alpha1.CredentialOwnerToken),
		}
	}
	out.Header["Authorization"] = []string{authorization}
	return nil
}
