// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"net/netip"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/policy"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

var (
	users      = []v1alpha1.JiraUserName{"alice", "Bob", "svc", "carol"}
	groupNames = []v1alpha1.JiraGroupName{"devs", "Ops"}
	spaces     = []v1alpha1.NamespaceName{"dev", "ops", "jira-gateway"}
	scopes     = []v1alpha1.Scope{"read", "write", "admin"}
	ranges     = []v1alpha1.CIDR{"10.0.0.0/8", "10.1.0.0/16", "203.0.113.0/24", "203.0.113.7/32", "2001:db8::/32"}
	lifetimes  = []v1alpha1.Lifetime{"1h", "24h", "720h"}
)

func some[T comparable](t *rapid.T, from []T, least int, label string) []T {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(from), least, len(from), rapid.ID[T]).Draw(t, label)
}

func drawPolicy(t *rapid.T) *v1alpha1.TokenPolicy {
	p := &v1alpha1.TokenPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "jira-gateway", Name: "jira"}}
	p.Spec.AllowedNamespaces.Names = some(t, spaces, 1, "allowed")
	for _, name := range some(t, groupNames, 0, "groups") {
		p.Spec.JiraGroups = append(p.Spec.JiraGroups, v1alpha1.JiraGroup{Name: name, Members: some(t, users, 0, "members")})
	}
	for range rapid.IntRange(0, 3).Draw(t, "rules") {
		r := v1alpha1.Rule{Name: "r"}
		r.Namespaces.Names = some(t, spaces, 1, "namespaces")
		r.Owners.Users = some(t, users, 0, "users")
		r.Owners.Groups = some(t, groupNames, 0, "owner groups")
		r.Limits.Scopes = some(t, scopes, 1, "limit scopes")
		r.Limits.SourceRanges = some(t, ranges, 0, "limit ranges")
		r.Limits.MaxLifetime = rapid.SampledFrom(append(lifetimes, "")).Draw(t, "max lifetime")
		p.Spec.Rules = append(p.Spec.Rules, r)
	}
	return p
}

func drawRequest(t *rapid.T) *policy.Request {
	r := &policy.Request{
		Namespace: string(rapid.SampledFrom(spaces).Draw(t, "namespace")), Name: "t", DeclaredAt: declared,
		Owner:  string(rapid.SampledFrom(users).Draw(t, "owner")),
		Scopes: scope.Set(rapid.IntRange(1, 7).Draw(t, "scopes")),
	}
	for _, s := range some(t, ranges, 0, "ranges") {
		r.SourceRanges = append(r.SourceRanges, netip.MustParsePrefix(string(s)))
	}
	if rapid.Bool().Draw(t, "expires") {
		e := declared.Add(time.Duration(rapid.IntRange(1, 1000).Draw(t, "hours")) * time.Hour)
		r.ExpiresAt = &e
	}
	return r
}

// narrow takes one thing away from a policy: a rule, part of a limit, a member of a group, a namespace; or denies.
func narrow(t *rapid.T, p *v1alpha1.TokenPolicy) {
	drop := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "which") }
	if len(p.Spec.Rules) == 0 {
		return
	}
	r := &p.Spec.Rules[drop(len(p.Spec.Rules))]
	switch rapid.IntRange(0, 8).Draw(t, "narrowing") {
	case 0:
		i := drop(len(p.Spec.Rules))
		p.Spec.Rules = append(p.Spec.Rules[:i], p.Spec.Rules[i+1:]...)
	case 1:
		r.Limits.Scopes = r.Limits.Scopes[:len(r.Limits.Scopes)-1]
	case 2:
		r.Limits.MaxLifetime = map[v1alpha1.Lifetime]v1alpha1.Lifetime{"": "720h", "720h": "24h", "24h": "1h", "1h": "1h"}[r.Limits.MaxLifetime]
	case 3:
		if len(r.Limits.SourceRanges) != 1 { // none is no limit; taking the last one away would lift it
			r.Limits.SourceRanges = append(r.Limits.SourceRanges, "203.0.113.7/32")[max(0, min(1, len(r.Limits.SourceRanges))):]
			r.Limits.SourceRanges = r.Limits.SourceRanges[:max(1, len(r.Limits.SourceRanges)-1)]
		}
	case 4:
		if len(p.Spec.JiraGroups) > 0 {
			g := &p.Spec.JiraGroups[drop(len(p.Spec.JiraGroups))]
			g.Members = g.Members[:max(0, len(g.Members)-1)]
		}
	case 5:
		r.Owners.Users = r.Owners.Users[:max(0, len(r.Owners.Users)-1)]
	case 6:
		r.Namespaces.Names = r.Namespaces.Names[:len(r.Namespaces.Names)-1]
	case 7:
		p.Spec.AllowedNamespaces.Names = p.Spec.AllowedNamespaces.Names[:len(p.Spec.AllowedNamespaces.Names)-1]
	case 8:
		p.Spec.Deny = &v1alpha1.Deny{Owners: some(t, users, 1, "denied")}
	}
}

// TestNarrowingNeverPermits: what a policy does not permit, it does not permit with something taken away either.
func TestNarrowingNeverPermits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, r := drawPolicy(t), drawRequest(t)
		before := evaluate(t, p, r)
		narrow(t, p)
		if after := evaluate(t, p, r); after == policy.Permitted && before != policy.Permitted {
			t.Fatalf("narrowing permitted what was %d before", before)
		}
	})
}

// TestOrderHasNoMeaning: rules permit the same in any order.
func TestOrderHasNoMeaning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, r := drawPolicy(t), drawRequest(t)
		before := evaluate(t, p, r)
		p.Spec.Rules = rapid.Permutation(p.Spec.Rules).Draw(t, "order")
		if after := evaluate(t, p, r); after != before {
			t.Fatalf("%d became %d", before, after)
		}
	})
}

func evaluate(t *rapid.T, p *v1alpha1.TokenPolicy, r *policy.Request) policy.Verdict {
	compiled, err := policy.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	return compiled.Evaluate(r).Verdict
}
