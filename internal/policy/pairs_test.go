// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// What follows says for each pairing what one part of a rule answers: Y, N, r (it depends on who declared the token,
// which is not known) or j (it depends on what Jira says, which is not known). TestEveryPairing puts the parts together.

// pairOwner is a kind of owner: what Jira says of them, and the verdict that follows for what a rule permits.
type pairOwner struct {
	name     string
	jiraUser *directory.User // nil: Jira was never asked
	pinned   string
	state    policy.Verdict
}

var pairOwners = []pairOwner{
	{"dora", active("1"), "", policy.Permitted},                       // in a declared group
	{"jim", active("2"), "2", policy.Permitted},                       // in a group of Jira's
	{"lily", active("3"), "", policy.Permitted},                       // listed by name, as all that follow
	{"ada", active("5"), "", policy.Permitted},                        // an administrator
	{"ned", nil, "", policy.DirectoryPending},                         // not looked up yet
	{"ina", &directory.User{Key: "7"}, "7", policy.OwnerInactive},     //
	{"rex", &directory.User{FormerKey: "8"}, "", policy.OwnerChanged}, // renamed
	{"gus", &directory.User{}, "", policy.OwnerNotFound},              // never was
	{"kim", active("9"), "10", policy.OwnerChanged},                   // the name is another's
	{"sam", active("4"), "", policy.Permitted},                        // a stranger: not listed
}

func active(key string) *directory.User { return &directory.User{Key: key, Active: true} }

// pairRuleOwners are whom a rule is for, with the answer for each of pairOwners, and the answer if nothing is known of
// Jira's groups.
var pairRuleOwners = []struct {
	name        string
	owners      v1alpha1.Owners
	fresh, lost string
}{
	{"users", v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"Lily", "ada", "ned", "ina", "rex", "gus", "kim"}}, "NNYYYYYYYN", "NNYYYYYYYN"},
	{"declared group", v1alpha1.Owners{Groups: []v1alpha1.JiraGroupName{"devs"}}, "YNNNNNNNNN", "YNNNNNNNNN"},
	{"Jira's group", v1alpha1.Owners{Groups: []v1alpha1.JiraGroupName{"STAFF"}}, "NYNNNNNNNN", "jjjjjjjjjj"},
	{"unread group", v1alpha1.Owners{Groups: []v1alpha1.JiraGroupName{"unread"}}, "jjjjjjjjjj", "jjjjjjjjjj"},
}

// pairPrivileged are the answers of a rule that is not for privileged owners.
const pairPrivilegedFresh, pairPrivilegedLost = "YYYNYYYYYY", "jjjjjjjjjj"

// pairRequesters are those who may have declared a token, given its owner.
var pairRequesters = []func(owner string) *grant.Requester{
	func(string) *grant.Requester { return nil },
	func(owner string) *grant.Requester { return requester("oidc:" + strings.ToUpper(owner)) },
	func(owner string) *grant.Requester { return requester("kc-" + owner) }, // by the map
	func(string) *grant.Requester { return requester("oidc:other") },
	func(owner string) *grant.Requester { return requester(owner) }, // no prefix
	func(owner string) *grant.Requester { return requester("system:serviceaccount:dev:" + owner) },
	func(string) *grant.Requester { return requester("zoe") },
	func(string) *grant.Requester { return requester("x", "system:authenticated", "platform") },
	func(string) *grant.Requester { return requester("system:serviceaccount:flux:kustomize") },
	func(string) *grant.Requester { return requester("system:serviceaccount:evil:kustomize") },
	func(string) *grant.Requester { return requester("oidc:lea") }, // in Jira's group leads
}

// pairCreates are who may declare tokens, with the answer for each of pairRequesters.
var pairCreates = []struct {
	name        string
	create      *v1alpha1.Create
	fresh, lost string
}{
	{"anybody", nil, "YYYYYYYYYYY", "YYYYYYYYYYY"},
	{"self", &v1alpha1.Create{Self: true}, "rYYNNNNNNNN", "rYYNNNNNNNN"},
	{"user", onBehalf(v1alpha1.SubjectUser, "zoe", ""), "rNNNNNYNNNN", "rNNNNNYNNNN"},
	{"group", onBehalf(v1alpha1.SubjectGroup, "platform", ""), "rNNNNNNYNNN", "rNNNNNNYNNN"},
	{"ServiceAccount", onBehalf(v1alpha1.SubjectServiceAccount, "kustomize", "flux"), "rNNNNNNNYNN", "rNNNNNNNYNN"},
	{"Jira's group", onBehalf(v1alpha1.SubjectJiraGroup, "Leads", ""), "rNNNNNNNNNY", "rjjjNNNNNNj"},
	{"unread group", onBehalf(v1alpha1.SubjectJiraGroup, "unread", ""), "rjjjNNNNNNj", "rjjjNNNNNNj"},
	{"self or group", &v1alpha1.Create{Self: true, OnBehalf: onBehalf(v1alpha1.SubjectGroup, "platform", "").OnBehalf}, "rYYNNNNYNNN", "rYYNNNNYNNN"},
}

func onBehalf(kind v1alpha1.SubjectKind, name, namespace string) *v1alpha1.Create {
	return &v1alpha1.Create{OnBehalf: []v1alpha1.Subject{{Kind: kind, Name: name, Namespace: v1alpha1.NamespaceName(namespace)}}}
}

// pairNamespaces are where a token is declared, and what follows of that: Y, N, or - (the policy takes none from there).
var pairNamespaces = map[string]byte{"dev": 'Y', "ops": 'N', "outside": '-', "jira-gateway": '-'}

// pairLimits are limits with what a token asks for, and whether it keeps to them.
var pairLimits = []struct {
	name  string
	limit func(*v1alpha1.Limits)
	ask   func(*policy.Request)
	keeps bool
}{
	{"none", func(*v1alpha1.Limits) {}, func(r *policy.Request) { r.ExpiresAt = nil }, true},
	{"scope within", scopesOf("read", "write"), func(r *policy.Request) { r.Scopes = scope.Write }, true},
	{"finer scope within", scopesOf("read", "write"), func(r *policy.Request) { r.Scopes = fine("read:issue", "delete:comment") }, true},
	{"finer scope as limited", scopesOf("read:issue"), func(r *policy.Request) { r.Scopes = fine("read:issue") }, true},
	{"coarse beyond finer", scopesOf("read:issue"), func(r *policy.Request) { r.Scopes = scope.Read }, false},
	{"finer scope beyond", scopesOf("read", "write"), func(r *policy.Request) { r.Scopes = fine("read:issue", "admin:user") }, false},
	{"scope beyond", scopesOf("read", "write"), func(r *policy.Request) { r.Scopes = scope.Read.With(scope.Admin) }, false},
	{"lifetime within", func(l *v1alpha1.Limits) { l.MinLifetime, l.MaxLifetime = "24h", "24h" }, func(*policy.Request) {}, true},
	{"lifetime above", func(l *v1alpha1.Limits) { l.MaxLifetime = "23h" }, func(*policy.Request) {}, false},
	{"lifetime below", func(l *v1alpha1.Limits) { l.MinLifetime = "25h" }, func(*policy.Request) {}, false},
	{"for ever, and must expire", func(l *v1alpha1.Limits) { l.MustExpire = true }, func(r *policy.Request) { r.ExpiresAt = nil }, false},
	{"addresses within", rangesOf("203.0.113.0/24"), from("203.0.113.8/29"), true},
	{"any address", rangesOf("203.0.113.0/24"), func(*policy.Request) {}, false},
	{"rate at the ceiling", ceiling(60, "1m", 60), rated(60), true},
	{"rate above it", ceiling(60, "1m", 60), rated(61), false},
	{"described", pattern("[A-Z]+-[0-9]+"), func(r *policy.Request) { r.Description = "ABC-7" }, true},
	{"not described", pattern("[A-Z]+-[0-9]+"), func(*policy.Request) {}, false},
	{"label allowed", labelsOf("team"), labelled("team"), true},
	{"label of a GitOps tool", labelsOf("*"), labelled("argocd.argoproj.io/instance"), false},
	{"a place is left", mostTokens(2), withOlder(1), true},
	{"no place is left", mostTokens(2), withOlder(2), false},
}

func scopesOf(list ...v1alpha1.Scope) func(*v1alpha1.Limits) {
	return func(l *v1alpha1.Limits) { l.Scopes = list }
}

func rangesOf(list ...v1alpha1.CIDR) func(*v1alpha1.Limits) {
	return func(l *v1alpha1.Limits) { l.SourceRanges = list }
}

func from(list ...string) func(*policy.Request) {
	return func(r *policy.Request) {
		for _, s := range list {
			r.SourceRanges = append(r.SourceRanges, netip.MustParsePrefix(s))
		}
	}
}

func rated(n int32) func(*policy.Request) {
	return func(r *policy.Request) { r.RateLimit = &grant.RateLimit{Requests: n, Period: time.Minute, Burst: 1} }
}

func labelsOf(key v1alpha1.MetadataKeyPattern) func(*v1alpha1.Limits) {
	return func(l *v1alpha1.Limits) { l.SecretLabels = []v1alpha1.MetadataKeyPattern{key} }
}

func labelled(key string) func(*policy.Request) {
	return func(r *policy.Request) { r.SecretLabels = []string{key} }
}

func mostTokens(n int32) func(*v1alpha1.Limits) {
	return func(l *v1alpha1.Limits) { l.MaxTokensPerOwner = &n }
}

// withOlder gives the owner older tokens like this one, which hold places if this one may have one.
func withOlder(n int) func(*policy.Request) {
	return func(r *policy.Request) {
		like := *r
		like.Live = true
		r.Older = slices.Values(slices.Repeat([]*policy.Request{&like}, n))
	}
}
