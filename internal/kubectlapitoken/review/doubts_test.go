// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/review"
)

// TestDoubtsNameWhatMatters: of all groups those on which the answer depends, and whose membership.
func TestDoubtsNameWhatMatters(t *testing.T) {
	const (
		inDevelopers = `it depends on whether "alice" is in Jira's group "developers"`
		inAdmins     = `it depends on whether "alice" is in Jira's group "admins", whose members may not own such tokens`
		requester    = `it depends on whether the Jira user of "bob" is in Jira's group "developers"`
	)
	self := &v1alpha1.Create{Self: true}
	onBehalf := &v1alpha1.Create{OnBehalf: []v1alpha1.Subject{
		{Kind: v1alpha1.SubjectGroup, Name: "platform"}, {Kind: v1alpha1.SubjectJiraGroup, Name: "developers"},
	}}
	user := v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"Alice"}, Groups: []v1alpha1.JiraGroupName{"developers"}}
	group := v1alpha1.Owners{Groups: []v1alpha1.JiraGroupName{"declared", "developers"}}
	privileged := v1alpha1.Owners{Groups: []v1alpha1.JiraGroupName{"developers"}, Privileged: true}
	bob := &grant.Requester{User: "bob"}
	for name, c := range map[string]struct {
		owners    v1alpha1.Owners
		create    *v1alpha1.Create
		requester *grant.Requester
		answer    review.Answer
		why       []string
	}{
		"owner by name":           {user, nil, bob, review.Unknown, []string{inAdmins}},
		"owner by group":          {group, nil, bob, review.Unknown, []string{inDevelopers, inAdmins}},
		"privileged":              {privileged, nil, bob, review.Unknown, []string{inDevelopers}},
		"requester by Jira group": {user, onBehalf, bob, review.Unknown, []string{inAdmins, requester}},
		"requester by Kubernetes group": {
			user, onBehalf, &grant.Requester{User: "bob", Groups: []string{"platform"}}, review.Unknown, []string{inAdmins},
		},
		"requester not known": {user, self, nil, review.Unknown, []string{inAdmins, "it depends on who declares the token"}},
		"nothing can help":    {privileged, self, bob, review.No, nil},
	} {
		f := &review.Facts{
			Now: now, Requester: c.requester, NamespaceLabels: map[string]string{},
			Token: &v1alpha1.ApiToken{ObjectMeta: metav1.ObjectMeta{Namespace: "dev"}, Spec: v1alpha1.ApiTokenSpec{Owner: "alice", Scopes: []v1alpha1.Scope{"read"}}},
			Policy: &v1alpha1.TokenPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "jira-gateway", Name: "jira"}, Spec: v1alpha1.TokenPolicySpec{
				AllowedNamespaces: v1alpha1.NamespaceSet{Selector: &metav1.LabelSelector{}},
				Directory:         &v1alpha1.Directory{MaxStaleness: "24h"}, Requesters: &v1alpha1.Requesters{},
				JiraGroups: []v1alpha1.JiraGroup{
					{Name: "developers", FromJira: &v1alpha1.GroupFromJira{}}, {Name: "declared", Members: []v1alpha1.JiraUserName{"carol"}},
				},
				PrivilegedGroups: []v1alpha1.JiraGroupName{"admins"},
				Rules: []v1alpha1.Rule{{
					Name: "r", Owners: c.owners, Create: c.create, Limits: v1alpha1.Limits{Scopes: []v1alpha1.Scope{"read"}},
					Namespaces: v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{"dev"}},
				}},
			}},
		}
		r, err := review.Of(f)
		if err != nil {
			t.Fatal(err)
		}
		if have := r.Rules[0]; have.Answer != c.answer || (c.why != nil && !slices.Equal(have.Why, c.why)) {
			t.Errorf("%s: %s\nhave %q\nwant %q", name, have.Answer, have.Why, c.why)
		}
	}
}
