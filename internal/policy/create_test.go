// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// TestSelf: who is the owner, and who only looks like them. The owner is alice; eve's tricks are in the name.
func TestSelf(t *testing.T) {
	strip := &v1alpha1.Requesters{StripPrefix: "oidc:", StripSuffix: "@corp.example"}
	mapped := &v1alpha1.Requesters{StripPrefix: "oidc:", Users: []v1alpha1.RequesterUser{
		{Name: "a.lice", JiraUser: "ALICE"},
		{Name: "oidc:alice", JiraUser: "bob"},
		{Name: "odd", JiraUser: " alice"},
		{Name: "system:serviceaccount:dev:ci", JiraUser: "alice"},
		{Name: "system:admin", JiraUser: "alice"},
	}}
	accounts := &v1alpha1.Requesters{StripPrefix: "system:serviceaccount:dev:"}
	for name, c := range map[string]struct {
		requesters *v1alpha1.Requesters
		user       string
		want       policy.Verdict
	}{
		"the same name":                   {&v1alpha1.Requesters{}, "alice", policy.Permitted},
		"folded":                          {&v1alpha1.Requesters{}, "Alice", policy.Permitted},
		"somebody else":                   {&v1alpha1.Requesters{}, "eve", policy.NotPermitted},
		"nobody has a Jira name":          {nil, "alice", policy.NotPermitted},
		"stripped":                        {strip, "oidc:alice@corp.example", policy.Permitted},
		"stripped and folded":             {strip, "oidc:ALICE@corp.example", policy.Permitted},
		"prefix missing":                  {strip, "alice@corp.example", policy.NotPermitted},
		"suffix missing":                  {strip, "oidc:alice", policy.NotPermitted},
		"prefix in another case":          {strip, "OIDC:alice@corp.example", policy.NotPermitted},
		"neither":                         {strip, "alice", policy.NotPermitted},
		"prefix twice":                    {strip, "oidc:oidc:alice@corp.example", policy.NotPermitted},
		"nothing between":                 {strip, "oidc:@corp.example", policy.NotPermitted},
		"prefix and suffix overlap":       {&v1alpha1.Requesters{StripPrefix: "alice", StripSuffix: "e"}, "alice", policy.NotPermitted},
		"white space is not cut off":      {strip, "oidc: alice@corp.example", policy.NotPermitted},
		"control character":               {strip, "oidc:alice\x00@corp.example", policy.NotPermitted},
		"mapped":                          {mapped, "a.lice", policy.Permitted},
		"mapped in another case":          {mapped, "A.lice", policy.NotPermitted},
		"the map comes before the prefix": {mapped, "oidc:alice", policy.NotPermitted},
		"mapped to no name":               {mapped, "odd", policy.NotPermitted},
		"a ServiceAccount, though named":  {mapped, "system:serviceaccount:dev:ci", policy.NotPermitted},
		"a name of Kubernetes' own":       {mapped, "system:admin", policy.NotPermitted},
		"a ServiceAccount named alike":    {accounts, "system:serviceaccount:dev:alice", policy.NotPermitted},
	} {
		p := testPolicy()
		p.Spec.Requesters = c.requesters
		p.Spec.Rules[0].Create = &v1alpha1.Create{Self: true}
		r := request(func(r *policy.Request) { r.Requester = requester(c.user) })
		if got := verdictOf(t, p, nil, r); got.Verdict != c.want {
			t.Errorf("%s: %d %s, want %d", name, got.Verdict, got.Message, c.want)
		}
	}
}

// TestLettersThatFoldAlike: a name that Jira would take for another one than Go does is nobody's, or its owner would get
// tokens from whoever chose it.
func TestLettersThatFoldAlike(t *testing.T) {
	const owner = "i\u0307da" // as U+0130 is in lower case
	p := testPolicy()
	p.Spec.Requesters = &v1alpha1.Requesters{}
	p.Spec.Rules[0].Owners.Users = []v1alpha1.JiraUserName{owner}
	p.Spec.Rules[0].Create = &v1alpha1.Create{Self: true}
	for user, want := range map[string]policy.Verdict{owner: policy.Permitted, "\u0130da": policy.NotPermitted, "ida": policy.NotPermitted} {
		r := request(func(r *policy.Request) { r.Owner, r.Requester = owner, requester(user) })
		if got := verdictOf(t, p, nil, r); got.Verdict != want {
			t.Errorf("%q: %d %s, want %d", user, got.Verdict, got.Message, want)
		}
	}
}

// TestOnBehalf: each kind of subject, and who comes near to being one.
func TestOnBehalf(t *testing.T) {
	user := v1alpha1.Subject{Kind: v1alpha1.SubjectUser, Name: "oidc:zoe"}
	group := v1alpha1.Subject{Kind: v1alpha1.SubjectGroup, Name: "platform"}
	account := v1alpha1.Subject{Kind: v1alpha1.SubjectServiceAccount, Namespace: "flux-system", Name: "kustomize-controller"}
	asUser := v1alpha1.Subject{Kind: v1alpha1.SubjectUser, Name: "system:serviceaccount:flux-system:kustomize-controller"}
	const flux = "system:serviceaccount:flux-system:kustomize-controller"
	for name, c := range map[string]struct {
		subject v1alpha1.Subject
		user    string
		groups  []string
		want    policy.Verdict
	}{
		"user":                                {user, "oidc:zoe", nil, policy.Permitted},
		"user in another case":                {user, "oidc:Zoe", nil, policy.NotPermitted},
		"another user":                        {user, "oidc:eve", []string{"oidc:zoe"}, policy.NotPermitted},
		"group":                               {group, "oidc:eve", []string{"a", "platform"}, policy.Permitted},
		"group in another case":               {group, "oidc:eve", []string{"Platform"}, policy.NotPermitted},
		"user called like the group":          {group, "platform", nil, policy.NotPermitted},
		"ServiceAccount":                      {account, flux, nil, policy.Permitted},
		"same name in another namespace":      {account, "system:serviceaccount:dev:kustomize-controller", nil, policy.NotPermitted},
		"user called like the ServiceAccount": {account, "kustomize-controller", nil, policy.NotPermitted},
		"a User subject is no ServiceAccount": {asUser, flux, nil, policy.NotPermitted},
		"nobody":                              {user, "", nil, policy.NotPermitted},
	} {
		p := testPolicy()
		p.Spec.Rules[0].Create = &v1alpha1.Create{OnBehalf: []v1alpha1.Subject{c.subject}}
		r := request(func(r *policy.Request) { r.Requester = requester(c.user, c.groups...) })
		if got := verdictOf(t, p, nil, r); got.Verdict != c.want {
			t.Errorf("%s: %d %s, want %d", name, got.Verdict, got.Message, c.want)
		}
	}
}

// TestOnBehalfByJiraGroup: the requester's Jira name counts, and what is known of the group.
func TestOnBehalfByJiraGroup(t *testing.T) {
	for name, c := range map[string]struct {
		group, user string
		want        policy.Verdict
	}{
		"member of a declared group":     {"Developers", "oidc:BOB", policy.Permitted},
		"member of Jira's group":         {"leads", "oidc:zoe", policy.Permitted},
		"no member":                      {"leads", "oidc:eve", policy.NotPermitted},
		"no Jira name":                   {"leads", "zoe", policy.NotPermitted},
		"group was never read":           {"unread", "oidc:zoe", policy.DirectoryPending},
		"group was read too long ago":    {"stale", "oidc:zoe", policy.DirectoryPending},
		"no Jira name beats not knowing": {"unread", "zoe", policy.NotPermitted},
		"group that Jira does not have":  {"missing", "oidc:zoe", policy.NotPermitted},
		"group that nobody declares":     {"undeclared", "oidc:zoe", policy.NotPermitted},
	} {
		p := withDirectory(testPolicy())
		for _, g := range []string{"leads", "unread", "stale", "missing"} {
			fromJira(p, g)
		}
		dir := snapshot("alice")
		addGroup(dir, "leads", "zoe")
		addGroup(dir, "undeclared", "zoe")
		addGroup(dir, "stale", "zoe").SyncedAt = longAgo
		addGroup(dir, "missing", "zoe").Missing = true
		p.Spec.Requesters = &v1alpha1.Requesters{StripPrefix: "oidc:"}
		p.Spec.Rules[0].Create = &v1alpha1.Create{OnBehalf: []v1alpha1.Subject{{Kind: v1alpha1.SubjectJiraGroup, Name: c.group}}}
		r := request(func(r *policy.Request) { r.Requester = requester(c.user) })
		if got := verdictOf(t, p, dir, r); got.Verdict != c.want {
			t.Errorf("%s: %d %s, want %d", name, got.Verdict, got.Message, c.want)
		}
	}
}

// TestRequesterNotKnown: a rule that asks for one waits, unless it would refuse the token whoever declared it.
func TestRequesterNotKnown(t *testing.T) {
	p := testPolicy()
	p.Spec.Requesters = &v1alpha1.Requesters{}
	p.Spec.Rules[0].Create = &v1alpha1.Create{Self: true}
	if got := verdictOf(t, p, nil, request(func(*policy.Request) {})); got.Verdict != policy.RequesterUnknown {
		t.Errorf("%d %s", got.Verdict, got.Message)
	}
	tooLong := request(func(r *policy.Request) { r.ExpiresAt = nil })
	if got := verdictOf(t, p, nil, tooLong); got.Verdict != policy.NotPermitted {
		t.Errorf("%d %s", got.Verdict, got.Message)
	}
}
