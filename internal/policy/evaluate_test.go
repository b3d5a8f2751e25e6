// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/policy"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

var declared = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func testPolicy() *v1alpha1.TokenPolicy {
	return &v1alpha1.TokenPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: "jira-gateway", Name: "jira"},
		Spec: v1alpha1.TokenPolicySpec{
			AllowedNamespaces: v1alpha1.NamespaceSet{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"jira": "yes"}}},
			JiraGroups:        []v1alpha1.JiraGroup{{Name: "Developers", Members: []v1alpha1.JiraUserName{"Alice", "bob"}}},
			Rules: []v1alpha1.Rule{
				{
					Name:       "developers",
					Namespaces: v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{"dev"}},
					Owners:     v1alpha1.Owners{Groups: []v1alpha1.JiraGroupName{"developers"}},
					Limits:     v1alpha1.Limits{Scopes: []v1alpha1.Scope{"read", "write"}, MaxLifetime: "720h"},
				},
				{
					Name:       "office",
					Namespaces: v1alpha1.NamespaceSet{Selector: &metav1.LabelSelector{}},
					Owners:     v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"svc"}},
					Limits:     v1alpha1.Limits{Scopes: []v1alpha1.Scope{"admin"}, SourceRanges: []v1alpha1.CIDR{"203.0.113.0/24", "2001:db8::/32"}},
				},
			},
		},
	}
}

func request(change func(*policy.Request)) *policy.Request {
	expiry := declared.Add(24 * time.Hour)
	r := &policy.Request{
		Namespace: "dev", NamespaceLabels: map[string]string{"jira": "yes"}, Name: "t", Owner: "alice",
		Scopes: scope.Read, DeclaredAt: declared, ExpiresAt: &expiry, Now: now,
	}
	change(r)
	return r
}

func TestEvaluate(t *testing.T) {
	prefixes := func(list ...string) (out []netip.Prefix) {
		for _, s := range list {
			out = append(out, netip.MustParsePrefix(s))
		}
		return out
	}
	office := func(ranges ...string) func(*policy.Request) {
		return func(r *policy.Request) { r.Owner, r.Scopes, r.SourceRanges = "svc", scope.Admin, prefixes(ranges...) }
	}
	late := declared.Add(720*time.Hour + time.Second)
	cases := map[string]struct {
		change func(*policy.Request)
		want   policy.Verdict
		says   string
	}{
		"member of a group, case folded":    {func(r *policy.Request) { r.Owner = "ALICE" }, policy.Permitted, "rule developers"},
		"not a member":                      {func(r *policy.Request) { r.Owner = "eve" }, policy.NotPermitted, `owner "eve" is neither one of its users nor in its groups (Developers)`},
		"scope beyond":                      {func(r *policy.Request) { r.Scopes = scope.Read.With(scope.Admin) }, policy.NotPermitted, "scope admin is beyond its limit (read,write)"},
		"at the lifetime":                   {func(r *policy.Request) { e := declared.Add(720 * time.Hour); r.ExpiresAt = &e }, policy.Permitted, ""},
		"beyond the lifetime":               {func(r *policy.Request) { r.ExpiresAt = &late }, policy.NotPermitted, "expires 720h0m1s after its declaration, its limit is 720h"},
		"no expiry":                         {func(r *policy.Request) { r.ExpiresAt = nil }, policy.NotPermitted, "must expire: set spec.lifetime to at most 720h"},
		"other namespace":                   {func(r *policy.Request) { r.Namespace = "ops" }, policy.NotPermitted, `it is not for namespace "ops"`},
		"namespace without label":           {func(r *policy.Request) { r.NamespaceLabels = nil }, policy.NamespaceNotAllowed, `label namespace "dev" so that it matches "jira=yes"`},
		"policy's own namespace":            {func(r *policy.Request) { r.Namespace = "jira-gateway" }, policy.NamespaceNotAllowed, "holds the gateway's keys"},
		"ranges missing":                    {office(), policy.NotPermitted, "must declare spec.sourceRanges within 203.0.113.0/24, 2001:db8::/32"},
		"ranges within":                     {office("203.0.113.8/29", "2001:db8:1::/48"), policy.Permitted, "rule office"},
		"the very range":                    {office("203.0.113.0/24"), policy.Permitted, ""},
		"one range without":                 {office("203.0.113.8/29", "198.51.100.0/24"), policy.NotPermitted, "source range 198.51.100.0/24 is not within"},
		"a wider range":                     {office("203.0.0.0/16"), policy.NotPermitted, "source range 203.0.0.0/16 is not within"},
		"a wider range, same first address": {office("2001:db8::/29"), policy.NotPermitted, "is not within"},
		"everything":                        {office("0.0.0.0/0"), policy.NotPermitted, "source range 0.0.0.0/0 is not within"},
		"no rule combines two":              {func(r *policy.Request) { r.Owner, r.Scopes = "alice", scope.Admin }, policy.NotPermitted, "scope admin"},
	}
	compiled, err := policy.Compile(testPolicy(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		got := compiled.Evaluate(request(c.change))
		if got.Verdict != c.want || !strings.Contains(got.Message, c.says) {
			t.Errorf("%s: %d %q, want %d with %q", name, got.Verdict, got.Message, c.want, c.says)
		}
	}
}

func TestDenyBeatsRules(t *testing.T) {
	for name, d := range map[string]v1alpha1.Deny{
		"owner":     {Owners: []v1alpha1.JiraUserName{"ALICE"}},
		"namespace": {Namespaces: []v1alpha1.NamespaceName{"dev"}},
		"token":     {Tokens: []v1alpha1.DeniedToken{"dev/t"}},
	} {
		p := testPolicy()
		p.Spec.Deny = &d
		compiled, err := policy.Compile(p, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := compiled.Evaluate(request(func(*policy.Request) {})); got.Verdict != policy.Denied {
			t.Errorf("%s: %d %s", name, got.Verdict, got.Message)
		}
	}
}

func TestServiceAccountIsTheOnlyOwner(t *testing.T) {
	p := testPolicy()
	p.Spec.Impersonation.ServiceAccount = &v1alpha1.ServiceAccountImpersonation{Username: "Alice"}
	compiled, err := policy.Compile(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := compiled.Evaluate(request(func(*policy.Request) {})); got.Verdict != policy.Permitted {
		t.Error(got.Message)
	}
	if got := compiled.Evaluate(request(func(r *policy.Request) { r.Owner = "bob" })); got.Verdict != policy.NotPermitted {
		t.Error(got.Message)
	}
}

func TestMessageIsBounded(t *testing.T) {
	p := testPolicy()
	for range 62 {
		p.Spec.Rules = append(p.Spec.Rules, p.Spec.Rules[0])
	}
	compiled, err := policy.Compile(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := compiled.Evaluate(request(func(r *policy.Request) { r.Owner = strings.Repeat("é", 100) }))
	if len(got.Message) > 960 || got.Verdict != policy.NotPermitted {
		t.Errorf("%d bytes", len(got.Message))
	}
}

func TestElect(t *testing.T) {
	at := func(name string, seconds int) v1alpha1.TokenPolicy {
		return v1alpha1.TokenPolicy{ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.NewTime(declared.Add(time.Duration(seconds) * time.Second))}}
	}
	for _, c := range []struct {
		list []v1alpha1.TokenPolicy
		want string
	}{
		{[]v1alpha1.TokenPolicy{at("b", 2), at("a", 1)}, "a"},
		{[]v1alpha1.TokenPolicy{at("a", 2), at("b", 1)}, "b"},
		{[]v1alpha1.TokenPolicy{at("b", 1), at("a", 1)}, "a"},
	} {
		if got := policy.Elect(c.list).Name; got != c.want {
			t.Errorf("elected %s, want %s", got, c.want)
		}
	}
	if policy.Elect(nil) != nil {
		t.Error("elected one of none")
	}
}
