// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/review"
)

var (
	now    = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	users  = []string{"alice", "bob"}
	groups = []v1alpha1.JiraGroupName{"developers", "admins"}
)

func drawNamespaces(t *rapid.T, label string) v1alpha1.NamespaceSet {
	return rapid.SampledFrom([]v1alpha1.NamespaceSet{
		{Names: []v1alpha1.NamespaceName{"dev"}},
		{Names: []v1alpha1.NamespaceName{"ops"}},
		{Selector: &metav1.LabelSelector{}},
		{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "platform"}}},
		{Selector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: "stage", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"test"}},
		}}},
	}).Draw(t, label)
}

func drawRule(t *rapid.T, name string) v1alpha1.Rule {
	r := v1alpha1.Rule{Name: name, Namespaces: drawNamespaces(t, "namespaces")}
	r.Limits.Scopes = rapid.SampledFrom([][]v1alpha1.Scope{{"read"}, {"read", "write"}}).Draw(t, "scopes")
	r.Owners.Users = rapid.SampledFrom([][]v1alpha1.JiraUserName{nil, {"alice"}}).Draw(t, "owners")
	r.Owners.Groups = rapid.SliceOfNDistinct(rapid.SampledFrom(groups), 0, 2, rapid.ID).Draw(t, "groups")
	r.Owners.Privileged = rapid.Bool().Draw(t, "privileged")
	r.Create = rapid.SampledFrom([]*v1alpha1.Create{
		nil,
		{Self: true},
		{OnBehalf: []v1alpha1.Subject{{Kind: v1alpha1.SubjectJiraGroup, Name: "developers"}}},
		{OnBehalf: []v1alpha1.Subject{{Kind: v1alpha1.SubjectUser, Name: "bob"}}},
	}).Draw(t, "create")
	if rapid.Bool().Draw(t, "approval") {
		r.Approval = &v1alpha1.RuleApproval{Required: true}
	}
	return r
}

func drawFacts(t *rapid.T) *review.Facts {
	f := &review.Facts{
		Now: now, Policy: &v1alpha1.TokenPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "jira-gateway", Name: "jira"}},
		Token: &v1alpha1.ApiToken{ObjectMeta: metav1.ObjectMeta{Namespace: "dev", Name: "t"}},
	}
	spec := &f.Policy.Spec
	spec.AllowedNamespaces = drawNamespaces(t, "allowed")
	spec.Directory = &v1alpha1.Directory{MaxStaleness: "24h"}
	spec.Requesters = &v1alpha1.Requesters{}
	spec.JiraGroups = []v1alpha1.JiraGroup{{Name: "developers", FromJira: &v1alpha1.GroupFromJira{}}, {Name: "admins", FromJira: &v1alpha1.GroupFromJira{}}}
	spec.PrivilegedGroups = []v1alpha1.JiraGroupName{"admins"}
	for _, name := range []string{"first", "second"} {
		spec.Rules = append(spec.Rules, drawRule(t, name))
	}
	f.Token.Spec.Owner = "alice"
	f.Token.Spec.Scopes = rapid.SampledFrom([][]v1alpha1.Scope{{"read"}, {"write"}}).Draw(t, "token's scopes")
	f.NamespaceLabels = rapid.SampledFrom([]map[string]string{{}, {"team": "platform"}, {"stage": "test"}}).Draw(t, "labels")
	f.Requester = &grant.Requester{User: rapid.SampledFrom(users).Draw(t, "requester")}
	f.Directory = &directory.Snapshot{
		Groups: map[string]*directory.Group{},
		Users:  map[string]*directory.User{"alice": {Name: "alice", Key: "1", Active: rapid.Bool().Draw(t, "active"), CheckedAt: now}},
	}
	for _, g := range groups {
		members := map[string]bool{}
		for _, user := range users {
			members[user] = rapid.Bool().Draw(t, "member")
		}
		f.Directory.Groups[string(g)] = &directory.Group{Name: string(g), Members: members, SyncedAt: now}
	}
	return f
}

func of(t *rapid.T, f *review.Facts) *review.Review {
	r, err := review.Of(f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// forget takes some of what is known away.
func forget(t *rapid.T, f *review.Facts) *review.Facts {
	less := *f
	if rapid.Bool().Draw(t, "forget labels") {
		less.NamespaceLabels = nil
	}
	if rapid.Bool().Draw(t, "forget requester") {
		less.Requester = nil
	}
	if rapid.Bool().Draw(t, "forget Jira") {
		less.Directory = nil
	}
	return &less
}

// TestKnowingLessNeverMisleads: what is answered yes or no out of less is answered so out of all, for the policy and for
// each of its rules; and an answer that is not known says on what it depends.
func TestKnowingLessNeverMisleads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		all, less := of(t, f), of(t, forget(t, f))
		if all.Answer == review.Unknown {
			t.Fatalf("all is known, and yet: %s", all.Message)
		}
		if less.Answer != review.Unknown && less.Answer != all.Answer {
			t.Fatalf("%s (%s) out of less, %s (%s) out of all", less.Answer, less.Message, all.Answer, all.Message)
		}
		for i := range all.Rules {
			have, want := less.Rules[i], all.Rules[i]
			if have.Answer != review.Unknown && have.Answer != want.Answer {
				t.Fatalf("rule %s: %s out of less, %s out of all", want.Name, have.Answer, want.Answer)
			}
			if (have.Answer == review.Yes) != (len(have.Why) == 0) {
				t.Fatalf("rule %s: %s because of %q", have.Name, have.Answer, have.Why)
			}
		}
	})
}

// TestAnswersAreNotUnknownWithoutNeed: if nothing that was forgotten could change the answer, it is known. Labels alone
// are forgotten here, and what else they could be is tried out.
func TestAnswersAreNotUnknownWithoutNeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		answers := map[review.Answer]bool{}
		for _, labels := range []map[string]string{{}, {"team": "platform"}, {"stage": "test"}, {"team": "platform", "stage": "test"}} {
			f.NamespaceLabels = labels
			answers[of(t, f).Answer] = true
		}
		f.NamespaceLabels = nil
		less := of(t, f)
		if _, possible := answers[less.Answer]; len(answers) == 1 && !possible {
			t.Fatalf("%s, and always %v: %s", less.Answer, answers, less.Message)
		}
	})
}
