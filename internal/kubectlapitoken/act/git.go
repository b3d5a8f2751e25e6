// SPDX-License-Identifier: Apache-2.0

package act

import (
	"fmt"
	"io"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/gitops"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
)

// WarnOfGit says of each token that a GitOps tool declares what that tool will do.
func WarnOfGit(list []*v1alpha1.ApiToken, errOut io.Writer, what string) {
	for _, t := range list {
		if owner := gitops.OwnerOf(t); owner != "" {
			fmt.Fprintf(errOut, "Warning: %s declares ApiToken %s: %s\n", owner, tokens.Name(t), what)
		}
	}
}
