// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

func TestDoubtsNameUndeclaredGroups(t *testing.T) {
	p := &v1alpha1.TokenPolicy{Spec: v1alpha1.TokenPolicySpec{
		Requesters: &v1alpha1.Requesters{},
		JiraGroups: []v1alpha1.JiraGroup{{Name: "Developers", Members: []v1alpha1.JiraUserName{"alice"}}},
	}}
	doubts := func() string {
		t.Helper()
		compiled, err := policy.Compile(p, nil)
		if err != nil {
			t.Fatal(err)
		}
		return compiled.Doubts()
	}
	rule := func(name, owners, onBehalf string) v1alpha1.Rule {
		r := v1alpha1.Rule{Name: name, Owners: v1alpha1.Owners{Groups: []v1alpha1.JiraGroupName{v1alpha1.JiraGroupName(owners)}}}
		r.Namespaces.Names = []v1alpha1.NamespaceName{"dev"}
		r.Create = &v1alpha1.Create{OnBehalf: []v1alpha1.Subject{
			{Kind: v1alpha1.SubjectJiraGroup, Name: onBehalf}, {Kind: v1alpha1.SubjectGroup, Name: "of-kubernetes"},
		}}
		return r
	}
	p.Spec.Rules = []v1alpha1.Rule{rule("a", "developers", "DEVELOPERS")}
	if said := doubts(); said != "" {
		t.Errorf("have %q", said)
	}
	p.Spec.Rules = []v1alpha1.Rule{rule("b", "develpers", "Developers"), rule("a", "developers", "admins")}
	said := doubts()
	for _, want := range []string{
		`rule a: create.onBehalf names the group "admins", which spec.jiraGroups does not declare`,
		`rule b: owners.groups names the group "develpers"`, "declare it there",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("have %q, want %q", said, want)
		}
	}
	for i := range 60 {
		p.Spec.Rules = append(p.Spec.Rules, rule(fmt.Sprint("r", i), "none", "none"))
	}
	if said := doubts(); len(said) > 1024 {
		t.Errorf("%d bytes", len(said))
	}
}
