// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// now is when the tests evaluate; lately is when Jira answered last, so that it still counts, and longAgo when it does
// not any more with withDirectory's maxStaleness.
var (
	now     = declared.Add(time.Hour)
	lately  = now.Add(-5 * time.Minute)
	longAgo = now.Add(-24*time.Hour - time.Second)
)

func compile(tb testing.TB, p *v1alpha1.TokenPolicy, dir *directory.Snapshot) *policy.Policy {
	tb.Helper()
	compiled, err := policy.Compile(p, dir)
	if err != nil {
		tb.Fatal(err)
	}
	return compiled
}

// withDirectory makes a policy read Jira.
func withDirectory(p *v1alpha1.TokenPolicy) *v1alpha1.TokenPolicy {
	p.Spec.Directory = &v1alpha1.Directory{SecretRef: &v1alpha1.SecretReference{Name: "directory"}, MaxStaleness: "24h"}
	return p
}

// fromJira makes a group of a policy one of Jira's.
func fromJira(p *v1alpha1.TokenPolicy, name string) {
	p.Spec.JiraGroups = append(p.Spec.JiraGroups, v1alpha1.JiraGroup{
		Name: v1alpha1.JiraGroupName(name), FromJira: &v1alpha1.GroupFromJira{},
	})
}

// snapshot of users that are active, each with a key of their own.
func snapshot(users ...string) *directory.Snapshot {
	s := &directory.Snapshot{Groups: map[string]*directory.Group{}, Users: map[string]*directory.User{}}
	for _, name := range users {
		s.Users[grant.FoldUser(name)] = &directory.User{Name: name, Key: "key-of-" + grant.FoldUser(name), Active: true, CheckedAt: lately}
	}
	return s
}

func addGroup(s *directory.Snapshot, name string, members ...string) *directory.Group {
	g := &directory.Group{Name: name, Members: map[string]bool{}, SyncedAt: lately}
	for _, m := range members {
		g.Members[grant.FoldUser(m)] = true
	}
	s.Groups[grant.FoldUser(name)] = g
	return g
}

func requester(user string, groups ...string) *grant.Requester {
	return &grant.Requester{User: user, Groups: groups}
}

// verdictOf evaluates one request by one policy.
func verdictOf(tb testing.TB, p *v1alpha1.TokenPolicy, dir *directory.Snapshot, r *policy.Request) policy.Decision {
	tb.Helper()
	return compile(tb, p, dir).Evaluate(r)
}
