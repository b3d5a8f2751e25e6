// SPDX-License-Identifier: Apache-2.0

package rotate

import (
	"fmt"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
)

// rotatable are those of the selected tokens that have something to rotate. The others are noted, and no failure: after an
// incident nobody should have to sort them out by hand.
func (c *command) rotatable(selected []*v1alpha1.ApiToken) (list []*v1alpha1.ApiToken) {
	for _, t := range selected {
		if why := c.nothingToRotate(t); why != "" {
			fmt.Fprintf(c.Streams.ErrOut, "Note: ApiToken %s is left out: %s\n", tokens.Name(t), why)
			continue
		}
		list = append(list, t)
	}
	return list
}

// nothingToRotate says why; empty: there is something.
func (c *command) nothingToRotate(t *v1alpha1.ApiToken) string {
	switch state := tokens.StateOf(t, c.Now.Now()); {
	case t.Spec.TokenHash != "":
		return "whoever holds its token has to make another one (spec.tokenHash)"
	case state == tokens.Expired, state == tokens.Refused:
		reason, _ := tokens.Reason(t)
		return fmt.Sprintf("it is %s (%s), and its token not accepted", state, reason)
	case state == tokens.Deleting:
		return "it is being deleted"
	}
	return ""
}
