// SPDX-License-Identifier: Apache-2.0

package impersonate

import (
	"fmt"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// OwnerTokens sends each owner's own Jira personal access token. Its keys are folded user names.
type OwnerTokens struct{ tokens map[string]string }

// NewOwnerTokens takes tokens by user name; names are folded here. A value that no header can carry is an error.
func NewOwnerTokens(byOwner map[string]string) (*OwnerTokens, error) {
	tokens := make(map[string]string, len(byOwner))
	for owner, token := range byOwner {
		if err := checkHeaderValue("the Jira token of owner "+owner, token); err != nil {
			return nil, err
		}
		tokens[grant.FoldUser(owner)] = "Bearer " + token
	}
	return &OwnerTokens{tokens: tokens}, nil
}

// Apply sends the owner's token, or fails if there is none.
func (o *OwnerTokens) Apply(out *Outgoing, owner string) error {
	authorization, ok := o.tokens[grant.FoldUser(owner)]
	if !ok {
		return &MissingCredentialError{
			Owner: owner,
			Remedy: fmt.Sprintf("a Secret with the keys owner (%s) and token (a personal access token made by that user in "+
				"Jira) and the label jiratokens.io/credential: owner-token is needed in the gateway's namespace", owner),
		}
	}
	out.Header["Authorization"] = []string{authorization}
	return nil
}
