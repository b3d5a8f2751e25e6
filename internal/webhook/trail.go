// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
)

// recorded tells whether a request goes into the audit trail: who asked anew, or was denied. A dry run asks for nothing.
func recorded(request *admission.Request, c *claim, done outcome) bool {
	return !isDryRun(request) && (c.asksAnew || done == outcomeDenied || done == outcomeForged)
}

// tokenEntry is pure. The request may still come to nothing, as others are asked after us.
func tokenEntry(request *admission.Request, t *v1alpha1.ApiToken, done outcome, message string) audittrail.Entry {
	return audittrail.Entry{
		Event: audittrail.Declared, Outcome: string(done), User: request.UserInfo.Username, Operation: operation(request.Operation),
		APIToken: request.Namespace + "/" + t.Name, UID: string(t.UID),
		Policy: string(t.Spec.PolicyRef.Namespace) + "/" + t.Spec.PolicyRef.Name, Owner: string(t.Spec.Owner), Message: message,
	}
}

// approvalEntry is pure.
func approvalEntry(request *admission.Request, a *v1alpha1.TokenApproval, done outcome, message string) audittrail.Entry {
	spec := &a.Spec
	return audittrail.Entry{
		Event: audittrail.Approval, Outcome: string(done), Reason: string(spec.Decision),
		User: request.UserInfo.Username, Operation: operation(request.Operation),
		APIToken: string(spec.APIToken.Namespace) + "/" + spec.APIToken.Name, UID: spec.APIToken.UID,
		GrantDigest: string(spec.GrantDigest), ApprovalName: request.Namespace + "/" + a.Name, Message: message,
	}
}

// said is what a response says to whoever asked.
func said(answer *admission.Response) string {
	if answer.Result == nil {
		return ""
	}
	return answer.Result.Message
}
