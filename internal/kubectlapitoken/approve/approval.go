// SPDX-License-Identifier: Apache-2.0

package approve

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// maxReason is the schema's bound of spec.reason.
const maxReason = 1024

// newApproval decides on what the token may do now: the digest pins it, should that change meanwhile. The API server
// completes the name, so that each decision is an object of its own.
func newApproval(token *v1alpha1.ApiToken, decision v1alpha1.ApprovalDecision, reason string) *v1alpha1.TokenApproval {
	return &v1alpha1.TokenApproval{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: string(token.Spec.PolicyRef.Namespace), GenerateName: token.Namespace + "-" + token.Name + "-",
		},
		Spec: v1alpha1.TokenApprovalSpec{
			APIToken: v1alpha1.ApprovedToken{
				Namespace: v1alpha1.NamespaceName(token.Namespace), Name: token.Name, UID: string(token.UID),
			},
			GrantDigest: token.Status.Grant.Digest,
			Decision:    decision,
			Reason:      reason,
		},
	}
}

func (c *command) create(ctx context.Context, api client.Client, approval *v1alpha1.TokenApproval) error {
	err := api.Create(ctx, approval, c.output.Create())
	switch {
	case apierrors.IsForbidden(err):
		return fmt.Errorf("the API server does not let you create the TokenApproval in namespace %s, that of the policy: %w",
			approval.Namespace, err)
	case err != nil:
		return fmt.Errorf("create the TokenApproval: %w", err)
	}
	return nil
}
