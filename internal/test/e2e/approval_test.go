// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/e2e-framework/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func approval() types.Feature {
	return story("approval", "a token waits until somebody else approves it", func(t *testing.T) {
		t.Helper()
		token := declare(t, apiToken(reporting, "approval", "dave"))
		isActive(t, token, metav1.ConditionFalse, v1alpha1.ReasonApprovalRequired)
		approvedAt := approve(t, token)
		isActive(t, token, metav1.ConditionTrue, v1alpha1.ReasonIssued)
		works(t, plaintext(t, token), "dave")
		seen(t, "the token worked %s after it was approved by %s", since(approvedAt), token.Status.ApprovedBy)
	})
}

// approve does it as somebody other than who declared the token.
func approve(t *testing.T, token *v1alpha1.ApiToken) time.Time {
	t.Helper()
	as := rest.CopyConfig(config)
	as.Impersonate = rest.ImpersonationConfig{UserName: "e2e-approver", Groups: []string{"system:masters"}}
	approver, err := client.New(as, client.Options{Scheme: scheme})
	must(t, err)
	made := &v1alpha1.TokenApproval{
		ObjectMeta: metav1.ObjectMeta{Namespace: policyNamespace, Name: token.Name},
		Spec: v1alpha1.TokenApprovalSpec{
			APIToken: v1alpha1.ApprovedToken{
				Namespace: v1alpha1.NamespaceName(token.Namespace), Name: token.Name, UID: string(token.UID),
			},
			GrantDigest: token.Status.Grant.Digest, Decision: v1alpha1.DecisionApprove, Reason: "end-to-end test",
		},
	}
	must(t, approver.Create(t.Context(), made))
	return time.Now()
}
