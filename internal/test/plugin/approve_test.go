// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken"
)

func writeManifest(t *testing.T, token *v1alpha1.ApiToken) string {
	t.Helper()
	manifest := &v1alpha1.ApiToken{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "ApiToken"},
		ObjectMeta: metav1.ObjectMeta{Namespace: token.Namespace, Name: token.Name}, Spec: token.Spec,
	}
	content, err := yaml.Marshal(manifest)
	must(t, err)
	path := filepath.Join(t.TempDir(), "token.yaml")
	must(t, os.WriteFile(path, content, 0o600))
	return path
}

// newWaiting makes a token that waits for an approval, with the status that the operator gives it.
func newWaiting(t *testing.T, p *v1alpha1.TokenPolicy, requester string) *v1alpha1.ApiToken {
	t.Helper()
	token := &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: plane.Namespace(t), Name: "zapier"},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "svc-zapier", Scopes: []v1alpha1.Scope{"read"},
			PolicyRef: v1alpha1.PolicyReference{Namespace: v1alpha1.NamespaceName(p.Namespace), Name: p.Name},
		},
	}
	must(t, plane.Client.Create(t.Context(), token))
	digest, err := grant.Digest(&grant.Grant{Owner: "svc-zapier", Scopes: []string{"read"}}, nil)
	must(t, err)
	token.Status = v1alpha1.ApiTokenStatus{
		ObservedGeneration: token.Generation, Rule: "integrations", RequestedBy: requester,
		Grant: &v1alpha1.GrantStatus{Digest: v1alpha1.GrantDigest(digest), Scopes: []v1alpha1.Scope{"read"}},
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonApprovalRequired,
			Message: "rule integrations asks for an approval", LastTransitionTime: metav1.Now(),
		}},
	}
	must(t, plane.Client.Status().Update(t.Context(), token))
	return token
}

func approvals(t *testing.T, p *v1alpha1.TokenPolicy) []v1alpha1.TokenApproval {
	t.Helper()
	var list v1alpha1.TokenApprovalList
	must(t, plane.Client.List(t.Context(), &list, client.InNamespace(p.Namespace)))
	return list.Items
}

// TestApproveAsApprover: two rights are enough, and without the second nothing is created.
func TestApproveAsApprover(t *testing.T) {
	p := newPolicy(t)
	token := newWaiting(t, p, "oidc:bob")
	carol := newPerson(t, "carol")
	approve := []string{"approve", token.Name, "-n", token.Namespace, "--reason", "OPS-123"}

	carol.runs(t, append(approve, "--yes")...).expect(t, 1, "read the ApiToken", `cannot get resource "apitokens"`)
	carol.may(t, "get", "jiratokens.io", "apitokens", token.Namespace)
	carol.runs(t, append(approve, "--yes")...).expect(t, 1, "does not let you create the TokenApproval in namespace "+p.Namespace)
	carol.runs(t, append(approve, "--dry-run=client")...).expect(t, 0, "(dry run)")
	carol.may(t, "create", "jiratokens.io", "tokenapprovals", p.Namespace)
	carol.runs(t, approve...).expect(t, 2, "Acts in Jira as:   svc-zapier", "--yes is needed where there is no terminal")
	carol.runs(t, append(approve, "--dry-run=server")...).expect(t, 0, "created (server dry run)")
	if n := len(approvals(t, p)); n != 0 {
		t.Fatalf("%d TokenApprovals, where none should have been created", n)
	}

	carol.runs(t, append(approve, "--yes")...).expect(t, 0, "tokenapproval.jiratokens.io/"+token.Namespace+"-zapier-", " created\n")
	all := approvals(t, p)
	if len(all) != 1 {
		t.Fatalf("%d TokenApprovals", len(all))
	}
	want := v1alpha1.TokenApprovalSpec{
		APIToken:    v1alpha1.ApprovedToken{Namespace: v1alpha1.NamespaceName(token.Namespace), Name: "zapier", UID: string(token.UID)},
		GrantDigest: token.Status.Grant.Digest, Decision: v1alpha1.DecisionApprove, Reason: "OPS-123",
	}
	if all[0].Spec != want {
		t.Errorf("have %+v\nwant %+v", all[0].Spec, want)
	}
	for _, entry := range all[0].ManagedFields {
		if strings.HasPrefix(entry.Manager, "kubectl") { // Flux would take it over
			t.Errorf("written as %s", entry.Manager)
		}
	}
}

func TestDeny(t *testing.T) {
	p := newPolicy(t)
	token := newWaiting(t, p, "oidc:bob")
	carol := newPerson(t, "carol")
	carol.may(t, "get", "jiratokens.io", "apitokens", token.Namespace)
	carol.may(t, "create", "jiratokens.io", "tokenapprovals", p.Namespace)
	result := carol.runs(t, "deny", token.Name, "-n", token.Namespace, "--yes", "-o", "yaml")
	result.expect(t, 0, "decision: Deny")
	var printed v1alpha1.TokenApproval
	must(t, yaml.UnmarshalStrict([]byte(result.out), &printed)) // the rest went to standard error
	if all := approvals(t, p); len(all) != 1 || all[0].Name != printed.Name || printed.Kind != "TokenApproval" {
		t.Errorf("have %+v\nprinted %+v", all, printed)
	}
}

// TestOwnTokenIsNotApproved: also not by somebody who acts as another.
func TestOwnTokenIsNotApproved(t *testing.T) {
	p := newPolicy(t)
	bob, admin := newPerson(t, "bob"), newPerson(t, "admin", "system:masters")
	token := newWaiting(t, p, bob.name)
	bob.may(t, "get", "jiratokens.io", "apitokens", token.Namespace)
	bob.may(t, "create", "jiratokens.io", "tokenapprovals", p.Namespace)
	approve := []string{"approve", token.Name, "-n", token.Namespace, "--yes"}
	bob.runs(t, approve...).expect(t, 1, "you declared ApiToken "+token.Namespace+"/zapier yourself")
	admin.runs(t, append(approve, "--as", bob.name)...).expect(t, 1, "you declared ApiToken "+token.Namespace+"/zapier yourself")
	if n := len(approvals(t, p)); n != 0 {
		t.Errorf("%d TokenApprovals", n)
	}
}

// TestDecisionsAreQuoted: whoever decides again reads why others have decided.
func TestDecisionsAreQuoted(t *testing.T) {
	p := newPolicy(t)
	token, carol := newWaiting(t, p, "oidc:bob"), newPerson(t, "carol")
	carol.may(t, "get", "jiratokens.io", "apitokens", token.Namespace)
	carol.may(t, "create", "jiratokens.io", "tokenapprovals", p.Namespace)
	deny := []string{"deny", token.Name, "-n", token.Namespace, "--yes", "--reason", "no such integration"}
	carol.runs(t, deny...).expect(t, 0, "created")
	token.Status.Conditions[0].Reason, token.Status.Conditions[0].Message = v1alpha1.ReasonApprovalDenied, "somebody denied it"
	must(t, plane.Client.Status().Update(t.Context(), token))
	carol.runs(t, deny...).expect(t, 1, "is denied already: somebody denied it\n")
	carol.may(t, "list", "jiratokens.io", "tokenapprovals", p.Namespace)
	carol.runs(t, deny...).expect(t, 1, "is denied already: somebody denied it (TokenApproval "+token.Namespace+"-zapier-", `, because "no such integration")`)
	carol.runs(t, "approve", token.Name, "-n", token.Namespace, "--yes").expect(t, 1, "outweighs every approval", `because "no such integration"`)
}

// TestTokensAreCompleted: those that wait, for whoever may list them.
func TestTokensAreCompleted(t *testing.T) {
	p := newPolicy(t)
	token := newWaiting(t, p, "oidc:bob")
	other := token.DeepCopy()
	other.ObjectMeta = metav1.ObjectMeta{Namespace: token.Namespace, Name: "other"}
	must(t, plane.Client.Create(t.Context(), other))
	carol := newPerson(t, "carol")
	carol.may(t, "list", "jiratokens.io", "apitokens", token.Namespace)
	args := []string{"__complete", "approve", "-n", token.Namespace, "--kubeconfig", carol.kubeconfig, ""}
	var out bytes.Buffer
	streams := genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: io.Discard}
	code := kubectlapitoken.Run(t.Context(), args, streams, clock.RealClock{})
	if code != 0 || out.String() != "zapier\tof Jira user svc-zapier\n:4\n" {
		t.Errorf("exit code %d, have %q", code, out.String())
	}

	carol.may(t, "list", "jiratokens.io", "tokenpolicies", "")
	carol.may(t, "list", "", "namespaces", "")
	for want, line := range map[string][]string{
		"other\tof Jira user svc-zapier\nzapier\tof Jira user svc-zapier\n:4\n": {"rotate", "-n", token.Namespace, ""},
		"other\tof Jira user svc-zapier\n:4\n":                                  {"suspend", "-n", token.Namespace, "zapier", ""},
		":4\n":                                                                  {"resume", "-n", token.Namespace, ""},
		name(p) + "\thttp://jira:8080/jira\n":                                   {"create", "x", "--policy", ""},
		"\n" + p.Namespace + "\n":                                               {"list", "-n", ""},
	} {
		var out bytes.Buffer
		streams.Out = &out
		last := len(line) - 1
		args := append([]string{"__complete"}, append(line[:last:last], "--kubeconfig", carol.kubeconfig)...)
		if line[last-1] == "--policy" || line[last-1] == "-n" { // what is completed is the value of that flag
			args = append([]string{"__complete", line[0], "--kubeconfig", carol.kubeconfig}, line[1:last]...)
		}
		kubectlapitoken.Run(t.Context(), append(args, ""), streams, clock.RealClock{})
		if !strings.Contains("\n"+out.String(), want) {
			t.Errorf("%q: have %q, want %q", line, out.String(), want)
		}
	}
}
