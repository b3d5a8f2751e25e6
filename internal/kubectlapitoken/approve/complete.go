// SPDX-License-Identifier: Apache-2.0

package approve

import (
	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
)

// waits tells whether a token waits for an approval: a shell offers those.
func waits(t *v1alpha1.ApiToken) bool {
	reason, _ := tokens.Reason(t)
	return reason == v1alpha1.ReasonApprovalRequired
}
