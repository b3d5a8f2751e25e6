// SPDX-License-Identifier: Apache-2.0

package permissions_test

import (
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func subject(namespace string) rbacv1.Subject {
	return rbacv1.Subject{Kind: "ServiceAccount", Namespace: namespace, Name: "flux"}
}

func (w *world) approval(t *v1alpha1.ApiToken, name string, decision v1alpha1.ApprovalDecision) *v1alpha1.TokenApproval {
	return &v1alpha1.TokenApproval{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.gateway, Name: name},
		Spec: v1alpha1.TokenApprovalSpec{
			APIToken:    v1alpha1.ApprovedToken{Namespace: v1alpha1.NamespaceName(t.Namespace), Name: t.Name, UID: string(t.UID)},
			GrantDigest: t.Status.Grant.Digest, Decision: decision, Reason: "for the test",
		},
	}
}

// expectSince waits for a reason where the token's generation does not tell that something changed.
func (w *world) expectSince(t *v1alpha1.ApiToken, reason string) {
	w.Helper()
	last := ""
	w.eventually(t.Name+" becomes "+reason, func() bool {
		must(w.T, plane.Client.Get(w.Context(), client.ObjectKeyFromObject(t), t))
		c := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionActive)
		if c != nil {
			last = c.Reason + ": " + c.Message
		}
		return c != nil && c.Reason == reason
	}, &last)
}

func TestWhoMayApprove(t *testing.T) {
	w := newWorld(t)
	for i := range w.policy.Spec.Rules {
		w.policy.Spec.Rules[i].Approval = &v1alpha1.RuleApproval{Required: true}
	}
	must(t, plane.Client.Create(t.Context(), w.policy))
	alice, anna, bert := w.approver("oidc:alice"), w.approver("oidc:anna"), w.person("oidc:bert")
	tok := w.token(w.tenantA, "ci", "alice")
	must(t, alice.Create(t.Context(), tok))
	w.expect(tok, v1alpha1.ReasonApprovalRequired)

	if err := bert.Create(t.Context(), w.approval(tok, "bert", v1alpha1.DecisionApprove)); !apierrors.IsForbidden(err) {
		t.Errorf("somebody without the role could approve: %v", err)
	}
	if err := alice.Create(t.Context(), w.approval(tok, "own", v1alpha1.DecisionApprove)); !apierrors.IsForbidden(err) ||
		!strings.Contains(err.Error(), "somebody else") {
		t.Errorf("whoever declared it could approve it: %v", err)
	}
	given := w.approval(tok, "", v1alpha1.DecisionApprove)
	given.GenerateName = "given-"
	must(t, anna.Create(t.Context(), given))
	w.expectSince(tok, v1alpha1.ReasonIssued)
	if tok.Status.ApprovedBy != "oidc:anna" {
		t.Errorf("approved by %q", tok.Status.ApprovedBy)
	}
	// It can't be changed, nor can its stamp.
	given.Spec.Reason = "another"
	if err := anna.Update(t.Context(), given.DeepCopy()); !apierrors.IsInvalid(err) && !apierrors.IsForbidden(err) {
		t.Errorf("an approval could be changed: %v", err)
	}
	// Taken back.
	must(t, anna.Delete(t.Context(), given))
	w.expectSince(tok, v1alpha1.ReasonApprovalRequired)
	must(t, anna.Create(t.Context(), w.approval(tok, "denied", v1alpha1.DecisionDeny)))
	w.expectSince(tok, v1alpha1.ReasonApprovalDenied)
}
