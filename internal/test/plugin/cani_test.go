// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/directory/stored"
)

// ownTokens lets each person have tokens that they declare themselves.
func ownTokens(owners v1alpha1.Owners) func(*v1alpha1.TokenPolicy) {
	return func(p *v1alpha1.TokenPolicy) {
		p.Spec.Rules = []v1alpha1.Rule{{
			Name: "own", Namespaces: v1alpha1.NamespaceSet{Selector: &metav1.LabelSelector{}}, Owners: owners,
			Create: &v1alpha1.Create{Self: true}, Limits: v1alpha1.Limits{Scopes: []v1alpha1.Scope{"read"}},
		}}
	}
}

// TestCanIWithFewRights: who may read the policy alone learns what they may know, and what they would have to say.
func TestCanIWithFewRights(t *testing.T) {
	alice := newPerson(t, "alice")
	p := newPolicy(t, ownTokens(v1alpha1.Owners{Users: []v1alpha1.JiraUserName{alice.jiraName()}}))
	labelled := plane.Namespace(t, map[string]string{"jira": "yes"})
	ask := []string{"can-i", "--policy", name(p), "--owner", string(alice.jiraName()), "--scopes", "read", "-n", labelled}

	alice.runs(t, ask...).expect(t, 3, "you may not read policy "+name(p), "ask for the right to get tokenpolicies in namespace "+p.Namespace)
	alice.may(t, "get", "jiratokens.io", "tokenpolicies", p.Namespace)
	alice.runs(t, ask...).expect(t, 3, "as you may not read it: --namespace-labels says them", "Declared by:  "+alice.name)
	alice.runs(t, append(ask, "--namespace-labels", "jira=yes")...).expect(t, 0, "Permitted by rule own")
	alice.runs(t, append(ask, "--namespace-labels", "jira=no")...).expect(t, 1, "takes no tokens from namespace")
	alice.runs(t, append(ask, "--as", "oidc:bob")...).expect(t, 3, "ask the API server who you are", "cannot impersonate")
	alice.may(t, "get", "", "namespaces", labelled)
	alice.runs(t, ask...).expect(t, 0, "Permitted by rule own")
	alice.runs(t, append(ask, "--requester", "oidc:bob")...).expect(t, 1, `"oidc:bob" declared the token and may not`)
	ask[2] = p.Namespace + "/other"
	alice.runs(t, ask...).expect(t, 2, "policy "+p.Namespace+"/other does not exist in this cluster")
}

// TestCanIAsSomebodyElse: kubectl's own --as and --as-group say who declares the token.
func TestCanIAsSomebodyElse(t *testing.T) {
	p := newPolicy(t, ownTokens(v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"svc"}}), func(p *v1alpha1.TokenPolicy) {
		p.Spec.Rules[0].Create = &v1alpha1.Create{OnBehalf: []v1alpha1.Subject{{Kind: v1alpha1.SubjectGroup, Name: "platform"}}}
	})
	admin := newPerson(t, "admin", "system:masters")
	namespace := plane.Namespace(t, map[string]string{"jira": "yes"})
	ask := []string{"can-i", "--policy", name(p), "--owner", "svc", "--scopes", "read", "-n", namespace, "--as", "oidc:bob"}
	admin.runs(t, append(ask, "--as-group", "platform", "--namespace-labels", "jira=yes")...).expect(t, 3, "you may not read policy")
	ask[9], ask[10] = "--requester", "oidc:bob"
	admin.runs(t, ask...).expect(t, 1, `Kubernetes group "platform" declare it`)
	admin.runs(t, append(ask, "--requester-group", "platform")...).expect(t, 0, "Permitted by rule own")

	reader := newPerson(t, "reader")
	reader.may(t, "get", "jiratokens.io", "tokenpolicies", p.Namespace)
	ask = ask[:9]
	ask = append(ask, "--namespace-labels", "jira=yes", "--as", reader.name)
	admin.runs(t, ask...).expect(t, 1, "Declared by:  "+reader.name)
	admin.runs(t, append(ask, "--as-group", "platform")...).expect(t, 0, "Permitted by rule own")
}

// TestCanIKnowsGroups: whoever may read the Secrets with what was read of Jira has the answer; others can suppose it.
func TestCanIKnowsGroups(t *testing.T) {
	alice, admin := newPerson(t, "alice"), newPerson(t, "admin", "system:masters")
	p := newPolicy(t, ownTokens(v1alpha1.Owners{Groups: []v1alpha1.JiraGroupName{"developers"}}), func(p *v1alpha1.TokenPolicy) {
		p.Spec.Directory = &v1alpha1.Directory{SecretRef: &v1alpha1.SecretReference{Name: "directory"}}
		p.Spec.JiraGroups = []v1alpha1.JiraGroup{{Name: "developers", FromJira: &v1alpha1.GroupFromJira{}}}
	})
	namespace := plane.Namespace(t, map[string]string{"jira": "yes"})
	ask := []string{
		"can-i", "--policy", name(p), "--owner", string(alice.jiraName()), "--scopes", "read", "-n", namespace,
		"--requester", alice.name, "--namespace-labels", "jira=yes",
	}
	alice.may(t, "get", "jiratokens.io", "tokenpolicies", p.Namespace)
	depends := fmt.Sprintf("it depends on whether %q is in Jira's group %q", alice.jiraName(), "developers")
	alice.runs(t, ask...).expect(t, 3, depends, "you may not get Secrets in namespace "+p.Namespace)
	alice.runs(t, append(ask, "--member-of", "developers")...).expect(t, 0, "Permitted by rule own")
	admin.runs(t, ask...).expect(t, 3, depends, "the operator has read nothing of it yet")

	keep(t, p, alice.jiraName())
	admin.runs(t, ask...).expect(t, 0, "Permitted by rule own")
	admin.runs(t, append(ask, "--member-of=")...).expect(t, 1, "no rule of policy")
	alice.runs(t, ask...).expect(t, 3, depends)
	ask[4] = "eve"
	admin.runs(t, ask...).expect(t, 1, `owner "eve" is neither one of its users nor in its groups (developers)`)
}

// keep stores that a user is in the group developers, and nobody in another, as the manager does.
func keep(t *testing.T, p *v1alpha1.TokenPolicy, user v1alpha1.JiraUserName) {
	t.Helper()
	accounts := map[string][]directory.Account{
		"developers": {{Name: string(user), Key: "JIRAUSER10100", Active: true}}, "jira-administrators": {}, "jira-system-administrators": {},
	}
	now := time.Now()
	var nothing *directory.Snapshot
	snapshot := nothing.Merge(&directory.Reading{At: now, Groups: accounts}, directory.Hold{})
	store := &stored.Store{Client: plane.Client, Live: plane.Client, Random: rand.Reader}
	kept, err := store.Load(t.Context(), p)
	must(t, err)
	must(t, store.Save(t.Context(), p, kept, snapshot, snapshot.Content(now, time.Hour)))
}

// TestCanICountsTokens: those that the owner has already take the places, for whoever may see them.
func TestCanICountsTokens(t *testing.T) {
	alice := newPerson(t, "alice")
	p := newPolicy(t, ownTokens(v1alpha1.Owners{Users: []v1alpha1.JiraUserName{alice.jiraName()}}), func(p *v1alpha1.TokenPolicy) {
		p.Spec.Rules[0].Limits.MaxTokensPerOwner = new(int32(1))
	})
	namespace := plane.Namespace(t, map[string]string{"jira": "yes"})
	alice.may(t, "get", "jiratokens.io", "tokenpolicies", p.Namespace)
	alice.may(t, "get", "", "namespaces", namespace)
	ask := []string{"can-i", "--policy", name(p), "--owner", string(alice.jiraName()), "--scopes", "read", "-n", namespace}
	alice.runs(t, ask...).expect(t, 0, "Permitted by rule own", "were not counted for maxTokensPerOwner: you may not read all of them")
	alice.may(t, "list", "jiratokens.io", "apitokens", "")
	alice.runs(t, ask...).expect(t, 0, "Permitted by rule own")

	token := &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "first"},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: alice.jiraName(), Scopes: []v1alpha1.Scope{"read"},
			PolicyRef: v1alpha1.PolicyReference{Namespace: v1alpha1.NamespaceName(p.Namespace), Name: p.Name},
		},
	}
	must(t, plane.Client.Create(t.Context(), token))
	alice.runs(t, ask...).expect(t, 0, "Permitted by rule own") // nobody knows who declared it: it takes nobody's place
	token.Status.Credential = &v1alpha1.CredentialStatus{ID: "0123456789ab", IssuedAt: metav1.Now()}
	must(t, plane.Client.Status().Update(t.Context(), token))
	alice.runs(t, ask...).expect(t, 1, "its limits.maxTokensPerOwner", "older ones")
	manifest := writeManifest(t, token)
	alice.runs(t, "can-i", "-f", manifest).expect(t, 0, "Permitted by rule own") // it is the oldest itself
	ask[4] = "eve"
	alice.runs(t, ask...).expect(t, 1, "is not one of its users")
}
