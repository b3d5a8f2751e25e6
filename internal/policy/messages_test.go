// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/policy"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// messagePolicy is one that asks for much.
func messagePolicy() *v1alpha1.TokenPolicy {
	most := int32(1)
	p := withDirectory(testPolicy())
	fromJira(p, "staff")
	p.Spec.Requesters = &v1alpha1.Requesters{StripPrefix: "oidc:"}
	p.Spec.PrivilegedGroups = []v1alpha1.JiraGroupName{"jira-administrators"}
	p.Spec.Rules[0].Create = &v1alpha1.Create{Self: true, OnBehalf: []v1alpha1.Subject{
		{Kind: v1alpha1.SubjectGroup, Name: "platform-team"},
		{Kind: v1alpha1.SubjectJiraGroup, Name: "staff"},
		{Kind: v1alpha1.SubjectServiceAccount, Name: "kustomize-controller", Namespace: "flux-system"},
	}}
	l := &p.Spec.Rules[0].Limits
	l.MinLifetime, l.MaxTokensPerOwner, l.DescriptionPattern = "2h", &most, "[A-Z]+-[0-9]+: .+"
	l.RateLimit = &v1alpha1.RateLimit{Requests: 60, Period: "1m"}
	l.SecretLabels = []v1alpha1.MetadataKeyPattern{"team", "example.com/*"}
	return p
}

// TestMessages is to be read aloud: would a person who has never seen this project know what to change?
func TestMessages(t *testing.T) {
	const (
		refused = "no rule of policy jira-gateway/jira permits this token. rule developers: "
		others  = "; 1 other rule(s) are for other owners or namespaces"
		wait    = ". Nothing has to be done to the token: the operator asks Jira again by itself, and the policy's condition " +
			"DirectorySynced says what stands in the way"
	)
	for name, c := range map[string]struct {
		request func(*policy.Request)
		jira    func(*directory.Snapshot)
		says    string
	}{
		"permitted": {
			func(*policy.Request) {}, nil,
			`permitted by rule developers of policy jira-gateway/jira`,
		},
		"too many tokens": {
			func(r *policy.Request) { q := *r; r.Older = slices.Values([]*policy.Request{&q}) }, nil,
			refused + `it permits 1 ApiToken(s) of owner "alice" (its limits.maxTokensPerOwner), and there are as many older ones: delete one that is not needed any more` + others,
		},
		"requester not known": {
			func(r *policy.Request) { r.Requester = nil }, nil,
			`policy jira-gateway/jira can't say yet whether this token is permitted. rule developers: who declared the token is not known, and the rule asks for that (its create). The operator's webhook stamps an ApiToken with that, and this one has no valid stamp. Whoever is to count as who declared it has to run: kubectl annotate apitoken t -n dev --overwrite jiratokens.io/request="$(date)"`,
		},
		"requester may not": {
			func(r *policy.Request) { r.Requester = requester("oidc:eve") }, nil,
			refused + `"oidc:eve" declared the token and may not: the rule lets the owner (Jira user "alice"), a member of the Kubernetes group "platform-team", a member of the Jira group "staff" or certain users or ServiceAccounts that the policy names declare it; one of those can take the token over by changing its annotation jiratokens.io/request; applying the same manifest again is not enough` + others,
		},
		"ServiceAccount may not": {
			func(r *policy.Request) { r.Requester = requester("system:serviceaccount:ci:deployer") }, nil,
			refused + `"system:serviceaccount:ci:deployer" declared the token and may not: the rule lets the owner (Jira user "alice"), a member of the Kubernetes group "platform-team", a member of the Jira group "staff" or certain users or ServiceAccounts that the policy names declare it ("system:serviceaccount:ci:deployer" has no Jira name: names that begin with system: have none); one of those can take the token over by changing its annotation jiratokens.io/request; applying the same manifest again is not enough` + others,
		},
		"requester without prefix": {
			func(r *policy.Request) { r.Requester = requester("eve") }, nil,
			refused + `"eve" declared the token and may not: the rule lets the owner (Jira user "alice"), a member of the Kubernetes group "platform-team", a member of the Jira group "staff" or certain users or ServiceAccounts that the policy names declare it ("eve" has no Jira name: it lacks the prefix "oidc:" of the policy's spec.requesters); one of those can take the token over by changing its annotation jiratokens.io/request; applying the same manifest again is not enough` + others,
		},
		"group never read": {
			func(r *policy.Request) { r.Requester = requester("oidc:eve") }, func(s *directory.Snapshot) { delete(s.Groups, "staff") },
			`policy jira-gateway/jira can't say yet whether this token is permitted. rule developers: Jira has not been asked yet about its group "staff"` + wait,
		},
		"group read too long ago": {
			func(r *policy.Request) { r.Requester = requester("oidc:eve") }, func(s *directory.Snapshot) { s.Groups["staff"].SyncedAt = longAgo },
			`policy jira-gateway/jira can't say yet whether this token is permitted. rule developers: Jira has not answered about its group "staff" since 2026-10-31T12:59:59Z, and an answer counts for 24h (the policy's spec.directory.maxStaleness)` + wait,
		},
		"privileged owner": {
			func(*policy.Request) {}, func(s *directory.Snapshot) { s.Groups["jira-administrators"].Members["alice"] = true },
			refused + `owner "alice" is in Jira's group "jira-administrators", whose members' tokens are permitted only by rules with owners.privileged: true (the policy's spec.privilegedGroups): use another owner, such as a technical user outside that group` + others,
		},
		"privileged group never read": {
			func(*policy.Request) {}, func(s *directory.Snapshot) { delete(s.Groups, "jira-administrators") },
			`policy jira-gateway/jira can't say yet whether this token is permitted. rule developers: Jira has not been asked yet about its group "jira-administrators"` + wait,
		},
		"no description": {
			func(r *policy.Request) { r.Description = "" }, nil,
			refused + `spec.description must match the regular expression '[A-Z]+-[0-9]+: .+' as a whole` + others,
		},
		"no rate limit": {
			func(r *policy.Request) { r.RateLimit = nil }, nil,
			refused + `the token must have a rate limit: set spec.rateLimit to at most {requests: 60, period: 1m, burst: 60}` + others,
		},
		"rate limit too high": {
			func(r *policy.Request) { rated(61)(r) }, nil,
			refused + `the token's rate limit is {requests: 61, period: 1m, burst: 1}, the most is {requests: 60, period: 1m, burst: 60}: set spec.rateLimit to at most that, for the average, burst and concurrent alike` + others,
		},
		"labels": {
			func(r *policy.Request) { r.SecretLabels = []string{"app", "argocd.argoproj.io/instance"} }, nil,
			refused + `spec.secret.labels: "app" is not among the keys that it allows (team, example.com/*; its limits.secretLabels): take it out; spec.secret.labels: "argocd.argoproj.io/instance" is refused whatever the rule: by such keys GitOps tools, replicators and the like know what to delete, overwrite or copy; take it out` + others,
		},
		"no expiry": {
			func(r *policy.Request) { r.ExpiresAt = nil }, nil,
			refused + `the token must expire: set spec.lifetime to at most 720h` + others,
		},
		"lives too long": {
			func(r *policy.Request) { e := declared.Add(721 * time.Hour); r.ExpiresAt = &e }, nil,
			refused + `the token expires 721h after its declaration, its limit is 720h: set spec.lifetime to at most 720h, or an earlier spec.expiresAt` + others,
		},
		"lives too short": {
			func(r *policy.Request) { e := declared.Add(time.Hour); r.ExpiresAt = &e }, nil,
			refused + `the token expires 1h after its declaration, the least is 2h: set spec.lifetime to at least 2h, or a later spec.expiresAt` + others,
		},
		"scope": {
			func(r *policy.Request) { r.Scopes = scope.Read.With(scope.Admin) }, nil,
			refused + `scope admin is beyond its limit (read,write): take it out of spec.scopes` + others,
		},
		"another namespace": {
			func(r *policy.Request) { r.Namespace = "other" }, nil,
			`no rule of policy jira-gateway/jira permits this token. rule developers: it is not for namespace "other". rule office: owner "alice" is not one of its users. Declare it in a namespace and for an owner that one rule is for, or ask who administers the policy for a rule`,
		},
		"another owner": {
			func(r *policy.Request) { r.Owner = "mallory" }, nil,
			`no rule of policy jira-gateway/jira permits this token. rule developers: owner "mallory" is neither one of its users nor in its groups (Developers). rule office: owner "mallory" is not one of its users. Declare it in a namespace and for an owner that one rule is for, or ask who administers the policy for a rule`,
		},
		"namespace not allowed": {
			func(r *policy.Request) { r.NamespaceLabels = nil }, nil,
			`policy jira-gateway/jira takes no tokens from namespace "dev": its spec.allowedNamespaces asks to label namespace "dev" so that it matches "jira=yes"`,
		},
		"owner inactive": {
			func(*policy.Request) {}, func(s *directory.Snapshot) { s.Users["alice"].Active = false },
			`the owner "alice" is not active in Jira: a Jira administrator has to activate that user again; the token then works by itself`,
		},
		"owner is another": {
			func(r *policy.Request) { r.OwnerKey = "JIRAUSER10100" }, nil,
			`Jira gave the name "alice" to another user (key "key-of-alice") than the one whom this token was for (key "JIRAUSER10100"), and the token does not pass to them: delete this ApiToken; declare a new one if the present user is to have it`,
		},
		"no such owner": {
			func(*policy.Request) {}, func(s *directory.Snapshot) { s.Users["alice"].Key = "" },
			`Jira has no user "alice": if the name is wrong, delete this ApiToken and declare a new one with the right name in spec.owner; else have a Jira administrator create the user, and the token works by itself`,
		},
		"owner renamed": {
			func(*policy.Request) {}, func(s *directory.Snapshot) { s.Users["alice"].Key = ""; s.Users["alice"].FormerKey = "x" },
			`Jira has no user "alice" any more: that user was renamed or deleted in Jira. If renamed, delete this ApiToken and declare a new one with the new name in spec.owner; if deleted, delete this ApiToken`,
		},
		"owner never looked up": {
			func(*policy.Request) {}, func(s *directory.Snapshot) { delete(s.Users, "alice") },
			`a rule of policy jira-gateway/jira permits this token, but Jira has not been asked yet about the owner "alice"` + wait,
		},
		"owner looked up too long ago": {
			func(*policy.Request) {}, func(s *directory.Snapshot) { s.Users["alice"].CheckedAt = longAgo },
			`a rule of policy jira-gateway/jira permits this token, but Jira has not answered about the owner "alice" since 2026-10-31T12:59:59Z, and an answer counts for 24h (the policy's spec.directory.maxStaleness)` + wait,
		},
	} {
		dir := snapshot("alice")
		addGroup(dir, "staff", "stan")
		addGroup(dir, "jira-administrators", "root")
		if c.jira != nil {
			c.jira(dir)
		}
		r := request(func(r *policy.Request) {
			rated(60)(r)
			r.Description, r.Requester = "ABC-7: backup", requester("oidc:alice")
			c.request(r)
		})
		if got := verdictOf(t, messagePolicy(), dir, r).Message; got != c.says {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.says)
		}
	}
}
