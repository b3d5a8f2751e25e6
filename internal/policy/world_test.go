// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"net/netip"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// The few values that random policies and requests are made of, so that they often meet.
var (
	users      = []v1alpha1.JiraUserName{"alice", "Bob", "svc"}
	groupNames = []v1alpha1.JiraGroupName{"devs", "Ops", "leads", "admins"}
	spaces     = []v1alpha1.NamespaceName{"dev", "ops", "jira-gateway"}
	scopes     = []v1alpha1.Scope{"read", "write", "admin", "read:issue", "write:comment"}
	ranges     = []v1alpha1.CIDR{"10.0.0.0/8", "10.1.0.0/16", "203.0.113.0/24", "203.0.113.7/32", "2001:db8::/32"}
	lifetimes  = []v1alpha1.Lifetime{"1h", "24h", "720h"}
	keys       = []v1alpha1.MetadataKeyPattern{"team", "te*", "example.com/*"}
	patterns   = []string{"", ".*", "a+", "aa"} // each narrower than the one before
	kubeGroups = []string{"platform", "auditors"}
	kubeUsers  = []string{"oidc:alice", "oidc:bob", "bob", "system:serviceaccount:dev:ci"}
)

// world is all that a decision depends on.
type world struct {
	policy  *v1alpha1.TokenPolicy
	dir     *directory.Snapshot
	request *policy.Request
	older   []*policy.Request
}

func drawWorld(t *rapid.T) *world {
	w := &world{policy: drawPolicy(t), request: drawRequest(t, "t")}
	if w.policy.Spec.Directory != nil {
		w.dir = drawSnapshot(t)
	}
	for range rapid.IntRange(0, 3).Draw(t, "older tokens") {
		older := drawRequest(t, "older")
		older.Owner = w.request.Owner
		w.older = append(w.older, older)
	}
	return w
}

func (w *world) decide(t *rapid.T) policy.Decision {
	compiled, err := policy.Compile(w.policy, w.dir)
	if err != nil {
		t.Fatal(err)
	}
	r := *w.request
	r.Older = slices.Values(w.older)
	return compiled.Evaluate(&r)
}

func some[T comparable](t *rapid.T, from []T, least int, label string) []T {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(from), least, len(from), rapid.ID[T]).Draw(t, label)
}

// chance is true n times out of ten: rapid draws small numbers rather than large ones, but all elements of a list alike.
func chance(t *rapid.T, n int, label string) bool {
	return rapid.SampledFrom(tenths).Draw(t, label) <= n
}

var tenths = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}

func drawPolicy(t *rapid.T) *v1alpha1.TokenPolicy {
	p := &v1alpha1.TokenPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "jira-gateway", Name: "jira"}}
	p.Spec.AllowedNamespaces.Names = some(t, spaces, 2, "allowed")
	if chance(t, 7, "directory") {
		withDirectory(p)
	}
	for _, name := range some(t, groupNames, 1, "groups") {
		if p.Spec.Directory != nil && chance(t, 5, "from Jira") {
			fromJira(p, string(name))
			continue
		}
		p.Spec.JiraGroups = append(p.Spec.JiraGroups, v1alpha1.JiraGroup{Name: name, Members: some(t, users, 0, "members")})
	}
	if chance(t, 2, "privileged") {
		p.Spec.PrivilegedGroups = some(t, groupNames, 1, "privileged groups")[:1]
	}
	if chance(t, 8, "requesters") {
		p.Spec.Requesters = &v1alpha1.Requesters{StripPrefix: "oidc:"}
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "rules") {
		p.Spec.Rules = append(p.Spec.Rules, drawRule(t, string(rune('a'+i))))
	}
	return p
}

func drawRule(t *rapid.T, name string) v1alpha1.Rule {
	r := v1alpha1.Rule{Name: name}
	r.Namespaces.Names = some(t, spaces, 2, "namespaces")
	r.Owners.Users = some(t, users, 1, "users")
	r.Owners.Groups = some(t, groupNames, 1, "owner groups")
	r.Owners.Privileged = chance(t, 3, "for privileged owners")
	if chance(t, 5, "create") {
		r.Create = &v1alpha1.Create{Self: chance(t, 7, "self"), OnBehalf: some(t, subjects(), 0, "on behalf")}
	}
	if chance(t, 3, "approval") {
		r.Approval = &v1alpha1.RuleApproval{Required: true}
	}
	r.Limits = drawLimits(t)
	return r
}

func subjects() []v1alpha1.Subject {
	return []v1alpha1.Subject{
		{Kind: v1alpha1.SubjectUser, Name: "bob"},
		{Kind: v1alpha1.SubjectGroup, Name: "platform"},
		{Kind: v1alpha1.SubjectServiceAccount, Namespace: "dev", Name: "ci"},
		{Kind: v1alpha1.SubjectJiraGroup, Name: "LEADS"},
	}
}

// drawLimits draws up to two limits beside the scopes: a request seldom keeps to more than that by chance.
func drawLimits(t *rapid.T) v1alpha1.Limits {
	l := v1alpha1.Limits{Scopes: some(t, scopes, 2, "limit scopes"), SecretLabels: some(t, keys, 1, "labels")}
	for range rapid.IntRange(0, 2).Draw(t, "limits") {
		switch rapid.IntRange(0, 8).Draw(t, "limit") {
		case 0:
			l.SourceRanges = some(t, ranges, 2, "limit ranges")
		case 1:
			l.MaxLifetime = rapid.SampledFrom(lifetimes).Draw(t, "max lifetime")
		case 2:
			l.MinLifetime = "1h"
		case 3:
			l.MustExpire = true
		case 4:
			l.RateLimit = &v1alpha1.RateLimit{Requests: rapid.Int32Range(1, 3).Draw(t, "ceiling"), Period: "1m"}
		case 5:
			most := rapid.Int32Range(1, 3).Draw(t, "most tokens")
			l.MaxTokensPerOwner = &most
		case 6:
			l.DescriptionPattern = rapid.SampledFrom(patterns).Draw(t, "pattern")
		case 7:
			l.HeadersRequired = true
		case 8:
			most := rapid.Int32Range(1, 3).Draw(t, "most at once")
			l.RateLimit = &v1alpha1.RateLimit{Requests: 3, Period: "1m", Concurrent: &most}
		}
	}
	return l
}

func drawRequest(t *rapid.T, name string) *policy.Request {
	r := &policy.Request{
		Namespace: string(rapid.SampledFrom(spaces[:2]).Draw(t, "namespace")), Name: name, DeclaredAt: declared, Now: now,
		Owner:       string(rapid.SampledFrom(users).Draw(t, "owner")),
		Scopes:      rapid.SampledFrom([]scope.Set{scope.Read, scope.Write, scope.Read.With(scope.Write), fine("read:issue"), fine("read:issue", "write:comment")}).Draw(t, "scopes"),
		Description: rapid.SampledFrom([]string{"", "a", "aa"}).Draw(t, "description"),
	}
	if chance(t, 7, "has source ranges") {
		for _, s := range some(t, ranges[1:4], 0, "ranges") {
			r.SourceRanges = append(r.SourceRanges, netip.MustParsePrefix(string(s)))
		}
	}
	if chance(t, 7, "expires") {
		e := declared.Add(time.Duration(rapid.IntRange(1, 100).Draw(t, "hours")) * time.Hour)
		r.ExpiresAt = &e
	}
	if chance(t, 7, "has a rate limit") {
		n := rapid.Int32Range(1, 3).Draw(t, "rate")
		r.RateLimit = &grant.RateLimit{Requests: n, Period: time.Minute, Burst: n, Concurrent: rapid.Int32Range(0, 3).Draw(t, "at once")}
	}
	if chance(t, 5, "has headers") {
		r.Headers = []grant.HeaderPattern{{Name: "User-Agent", Pattern: "Zapier*"}}
	}
	if chance(t, 2, "has a label") {
		r.SecretLabels = []string{rapid.SampledFrom([]string{"team", "tea", "example.com/x"}).Draw(t, "label")}
	}
	if chance(t, 9, "requester known") {
		r.Requester = requester(rapid.SampledFrom(kubeUsers).Draw(t, "requester"), some(t, kubeGroups, 0, "its groups")...)
	}
	if chance(t, 5, "owner known before") {
		r.OwnerKey = "key-of-" + grant.FoldUser(r.Owner)
	}
	return r
}

func drawSnapshot(t *rapid.T) *directory.Snapshot {
	s := snapshot("alice", "bob", "svc")
	for _, u := range s.Users {
		if chance(t, 1, "inactive") {
			u.Active = false
		}
	}
	for _, name := range groupNames {
		if !chance(t, 9, "group was read") {
			continue
		}
		g := addGroup(s, string(name))
		for _, u := range some(t, users, 0, "members in Jira") {
			g.Members[grant.FoldUser(string(u))] = true
		}
		if chance(t, 1, "group is stale") {
			g.SyncedAt = longAgo
		}
	}
	return s
}

func fine(names ...string) scope.Set {
	set, err := scope.Parse(names)
	if err != nil {
		panic(err)
	}
	return set
}
