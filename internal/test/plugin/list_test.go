// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/selection"
)

// TestListInPages: more than one page, by one right.
func TestListInPages(t *testing.T) {
	p, namespace, alice := newPolicy(t), plane.Namespace(t), newPerson(t, "alice")
	list := []string{"list", "-n", namespace, "--owner", "svc-ZAPIER"}
	alice.runs(t, list...).expect(t, 1, "you may not list apitokens in namespace "+namespace+": ask for that right")
	alice.may(t, "list", "jiratokens.io", "apitokens", namespace)
	alice.runs(t, list...).expect(t, 0, "No such ApiTokens in namespace "+namespace)
	const n = selection.PageSize + 20
	for i := range n {
		newToken(t, p, namespace, fmt.Sprintf("t-%04d", i), func(o *v1alpha1.ApiToken) {
			if i == n-1 {
				o.Spec.Owner = "eve"
				o.Labels = map[string]string{"team": "platform"}
			}
		})
	}
	result := alice.runs(t, append(list, "-o", "name")...)
	if names := strings.Fields(result.out); len(names) != n-1 || names[n-2] != fmt.Sprintf("apitoken.jiratokens.io/t-%04d", n-2) {
		t.Errorf("%d of %d tokens: %s", len(names), n-1, result.errOut)
	}
	for _, only := range []string{"--owner=EVE", "-l=team=platform"} {
		alice.runs(t, "list", "-n", namespace, only, "--no-headers").expect(t, 0, fmt.Sprintf("t-%04d   eve   read   %s   waiting", n-1, name(p)))
	}
	alice.runs(t, "list", "-A").expect(t, 1, "you may not list apitokens in all namespaces")
	alice.runs(t, "list", "-A", "-n", namespace).expect(t, 2, "-A and -n can't go together")

	var printed v1alpha1.ApiTokenList
	must(t, yaml.Unmarshal([]byte(alice.runs(t, "list", "-n", namespace, "--owner", "eve", "-o", "yaml").out), &printed))
	if len(printed.Items) != 1 || printed.Items[0].Kind != "ApiToken" || printed.Items[0].Spec.Owner != "eve" {
		t.Errorf("printed %+v", printed)
	}
}

// TestDescribeWithFewRights: what can't be read is named.
func TestDescribeWithFewRights(t *testing.T) {
	p := newPolicy(t, ownTokens(v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"svc-zapier"}}))
	alice := newPerson(t, "alice")
	object := newWaiting(t, p, "oidc:bob")
	namespace := object.Namespace
	describe := []string{"describe", object.Name, "-n", namespace}
	alice.runs(t, describe...).expect(t, 1, "you may not get apitokens in namespace "+namespace)
	alice.may(t, "get", "jiratokens.io", "apitokens", namespace)
	alice.runs(t, describe...).expect(t, 0, namespace+"/zapier", "waiting (ApprovalRequired)", "→ somebody other than who declared it has to approve it",
		"Note: the policy can't be shown: you may not get tokenpolicies in namespace "+p.Namespace,
		"Note: its approvals can't be shown: you may not list tokenapprovals in namespace "+p.Namespace,
		"Note: its events can't be shown: you may not list events in namespace "+namespace)
	alice.runs(t, "describe", "none", "-n", namespace).expect(t, 5, "not found")

	for _, right := range [][4]string{
		{"get", "jiratokens.io", "tokenpolicies", p.Namespace}, {"list", "jiratokens.io", "tokenapprovals", p.Namespace}, {"list", "", "events", namespace},
	} {
		alice.may(t, right[0], right[1], right[2], right[3])
	}
	object.Status.Rule = "own"
	must(t, plane.Client.Status().Update(t.Context(), object))
	must(t, plane.Client.Create(t.Context(), &v1alpha1.TokenApproval{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: "no"},
		Spec: v1alpha1.TokenApprovalSpec{
			APIToken:    v1alpha1.ApprovedToken{Namespace: v1alpha1.NamespaceName(namespace), Name: object.Name, UID: string(object.UID)},
			GrantDigest: object.Status.Grant.Digest, Decision: v1alpha1.DecisionDeny, Reason: "not planned",
		},
	}))
	event := &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "zapier."}, Type: "Warning", Reason: "Reissued", Message: "it was lost",
		InvolvedObject: corev1.ObjectReference{Kind: "ApiToken", Namespace: namespace, Name: object.Name, UID: object.UID, APIVersion: "jiratokens.io/v1alpha1"},
	}
	must(t, plane.Client.Create(t.Context(), event))
	r := alice.runs(t, describe...)
	r.expect(t, 0, "Deny       unknown", "not planned", "Reissued", "it was lost", "Rule own of policy "+name(p), "self: true")
	if strings.Contains(r.out, "Note:") {
		t.Error(r.out)
	}
}
