// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// jiraPolicy has one rule, for the members of Jira's group staff, who are not administrators.
func jiraPolicy() *v1alpha1.TokenPolicy {
	p := withDirectory(testPolicy())
	p.Spec.Rules = p.Spec.Rules[:1]
	p.Spec.Rules[0].Owners = v1alpha1.Owners{Groups: []v1alpha1.JiraGroupName{"Staff"}}
	fromJira(p, "staff")
	p.Spec.PrivilegedGroups = []v1alpha1.JiraGroupName{"Admins"}
	return p
}

// TestGroupsFromJira: what Jira said counts for a while, and what it did not say neither permits nor refuses.
func TestGroupsFromJira(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*directory.Snapshot)
		want   policy.Verdict
	}{
		"member":                       {func(*directory.Snapshot) {}, policy.Permitted},
		"left":                         {func(s *directory.Snapshot) { delete(s.Groups["staff"].Members, "alice") }, policy.NotPermitted},
		"never read":                   {func(s *directory.Snapshot) { delete(s.Groups, "staff") }, policy.DirectoryPending},
		"read without a time":          {func(s *directory.Snapshot) { s.Groups["staff"].SyncedAt = time.Time{} }, policy.DirectoryPending},
		"at the limit of staleness":    {func(s *directory.Snapshot) { s.Groups["staff"].SyncedAt = now.Add(-24 * time.Hour) }, policy.Permitted},
		"stale":                        {func(s *directory.Snapshot) { s.Groups["staff"].SyncedAt = longAgo }, policy.DirectoryPending},
		"no such group":                {func(s *directory.Snapshot) { s.Groups["staff"].Missing = true }, policy.NotPermitted},
		"no such group, long ago":      {func(s *directory.Snapshot) { s.Groups["staff"].Missing, s.Groups["staff"].SyncedAt = true, longAgo }, policy.DirectoryPending},
		"loss is held":                 {func(s *directory.Snapshot) { s.Groups["staff"].Held = &directory.Loss{Since: lately} }, policy.Permitted},
		"administrator":                {func(s *directory.Snapshot) { s.Groups["admins"].Members["alice"] = true }, policy.NotPermitted},
		"administrators were not read": {func(s *directory.Snapshot) { delete(s.Groups, "admins") }, policy.DirectoryPending},
		"administrators are stale":     {func(s *directory.Snapshot) { s.Groups["admins"].SyncedAt = longAgo }, policy.DirectoryPending},
		"Jira has no administrators":   {func(s *directory.Snapshot) { s.Groups["admins"].Missing = true }, policy.Permitted},
	} {
		dir := snapshot("alice")
		addGroup(dir, "staff", "alice", "bob")
		addGroup(dir, "admins", "root")
		c.change(dir)
		if got := verdictOf(t, jiraPolicy(), dir, request(func(*policy.Request) {})); got.Verdict != c.want {
			t.Errorf("%s: %d %s, want %d", name, got.Verdict, got.Message, c.want)
		}
	}
}

// TestPrivilegedOwners: a rule has to say that it is for them; declared members count whatever Jira says.
func TestPrivilegedOwners(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*v1alpha1.TokenPolicySpec)
		want   policy.Verdict
	}{
		"declared, no directory": {func(s *v1alpha1.TokenPolicySpec) {
			s.Directory = nil
			s.JiraGroups = append(s.JiraGroups[:1], v1alpha1.JiraGroup{Name: "ADMINS", Members: []v1alpha1.JiraUserName{"Alice"}})
		}, policy.NotPermitted},
		"declared, and not so in Jira": {func(s *v1alpha1.TokenPolicySpec) {
			s.JiraGroups = append(s.JiraGroups, v1alpha1.JiraGroup{Name: "admins", Members: []v1alpha1.JiraUserName{"alice"}})
		}, policy.NotPermitted},
		"in Jira, not declared so": {func(s *v1alpha1.TokenPolicySpec) {
			s.JiraGroups = append(s.JiraGroups, v1alpha1.JiraGroup{Name: "root", Members: []v1alpha1.JiraUserName{"zoe"}})
			s.PrivilegedGroups = append(s.PrivilegedGroups, "root")
		}, policy.NotPermitted},
		"not declared, no directory": {func(s *v1alpha1.TokenPolicySpec) { s.Directory, s.JiraGroups = nil, s.JiraGroups[:1] }, policy.Permitted},
		"the rule is for them": {func(s *v1alpha1.TokenPolicySpec) {
			s.Rules[0].Owners.Privileged = true
			s.PrivilegedGroups = []v1alpha1.JiraGroupName{"root", "unread"}
		}, policy.Permitted},
		"another group is not known, but one is enough": {func(s *v1alpha1.TokenPolicySpec) {
			s.PrivilegedGroups = []v1alpha1.JiraGroupName{"unread", "root"}
		}, policy.NotPermitted},
		"a group is not known":   {func(s *v1alpha1.TokenPolicySpec) { s.PrivilegedGroups = []v1alpha1.JiraGroupName{"unread"} }, policy.DirectoryPending},
		"no group is privileged": {func(s *v1alpha1.TokenPolicySpec) { s.PrivilegedGroups = nil }, policy.Permitted},
	} {
		p := jiraPolicy()
		p.Spec.Rules[0].Owners.Users = []v1alpha1.JiraUserName{"alice"}
		c.change(&p.Spec)
		dir := snapshot("alice")
		addGroup(dir, "staff", "alice")
		addGroup(dir, "admins", "bob")
		addGroup(dir, "root", "alice")
		if got := verdictOf(t, p, dir, request(func(*policy.Request) {})); got.Verdict != c.want {
			t.Errorf("%s: %d %s, want %d", name, got.Verdict, got.Message, c.want)
		}
	}
}

// TestStrangersLearnNothing: a person whom no rule is for is not told whether somebody is an administrator.
func TestStrangersLearnNothing(t *testing.T) {
	dir := snapshot("root")
	addGroup(dir, "staff")
	addGroup(dir, "admins", "root")
	asked := request(func(r *policy.Request) { r.Owner = "root" })
	got := verdictOf(t, jiraPolicy(), dir, asked)
	explained := compile(t, jiraPolicy(), dir).Explain(asked)
	if said := strings.ToLower(got.Message + fmt.Sprint(explained)); got.Verdict != policy.NotPermitted || strings.Contains(said, "admins") {
		t.Errorf("%d %s", got.Verdict, said)
	}
}

// TestCompileFails: what can't be used is an error that names the field, never a policy without it.
func TestCompileFails(t *testing.T) {
	for want, change := range map[string]func(*v1alpha1.TokenPolicySpec){
		"spec.directory: maxStaleness": func(s *v1alpha1.TokenPolicySpec) { s.Directory = &v1alpha1.Directory{} },
		"spec.jiraGroups[1] (staff): fromJira needs spec.directory": func(s *v1alpha1.TokenPolicySpec) {
			s.JiraGroups = append(s.JiraGroups, v1alpha1.JiraGroup{Name: "staff", FromJira: &v1alpha1.GroupFromJira{}})
		},
		"spec.rules[1] (office): limits.descriptionPattern: must be a regular expression (RE2)": func(s *v1alpha1.TokenPolicySpec) {
			s.Rules[1].Limits.DescriptionPattern = "a)|(b"
		},
		"spec.rules[0] (developers): limits.minLifetime": func(s *v1alpha1.TokenPolicySpec) { s.Rules[0].Limits.MinLifetime = "1d" },
		"spec.rules[0] (developers): limits.rateLimit: period": func(s *v1alpha1.TokenPolicySpec) {
			s.Rules[0].Limits.RateLimit = &v1alpha1.RateLimit{Requests: 1, Period: "soon"}
		},
		"spec.rules[0] (developers): limits.rateLimit: requests and burst": func(s *v1alpha1.TokenPolicySpec) {
			s.Rules[0].Limits.RateLimit = &v1alpha1.RateLimit{Period: "1m"}
		},
	} {
		p := testPolicy()
		change(&p.Spec)
		if compiled, err := policy.Compile(p, nil); compiled != nil || err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
