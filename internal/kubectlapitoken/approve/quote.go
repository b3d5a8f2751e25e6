// SPDX-License-Identifier: Apache-2.0

package approve

import (
	"context"
	"fmt"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

// quote adds to an obstacle what others have decided already and why, for those who may list TokenApprovals.
func quote(ctx context.Context, api client.Client, token *v1alpha1.ApiToken, obstacle error) error {
	reason, _ := tokens.Reason(token)
	decision := v1alpha1.DecisionApprove
	if reason == v1alpha1.ReasonApprovalDenied {
		decision = v1alpha1.DecisionDeny
	}
	if token.Status.Grant == nil || (decision == v1alpha1.DecisionApprove && token.Status.ApprovedBy == "") {
		return obstacle
	}
	var list v1alpha1.TokenApprovalList
	if api.List(ctx, &list, client.InNamespace(token.Spec.PolicyRef.Namespace)) != nil {
		return obstacle // it says enough
	}
	var quoted []string
	for i := range list.Items {
		a := &list.Items[i]
		if a.Spec.APIToken.UID != string(token.UID) || a.Spec.Decision != decision || a.Spec.GrantDigest != token.Status.Grant.Digest {
			continue
		}
		text := "TokenApproval " + a.Name
		if by := stamp.Claimed(a.Annotations[v1alpha1.AnnotationRequestedBy]); by != "" {
			text += " by " + by
		}
		if a.Spec.Reason != "" {
			text += fmt.Sprintf(", because %q", oneline.Printable(a.Spec.Reason))
		}
		quoted = append(quoted, oneline.Printable(text))
	}
	if len(quoted) == 0 {
		return obstacle
	}
	return fmt.Errorf("%w (%s)", obstacle, strings.Join(quoted, "; "))
}
