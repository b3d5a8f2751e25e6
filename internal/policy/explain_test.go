// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"reflect"
	"testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// shapes are rules that answer in each possible way a request for alice of a requester who is not known, by a policy
// whose Jira has not been read.
var shapes = map[string]func(*v1alpha1.Rule){
	"yes":      func(r *v1alpha1.Rule) { r.Owners.Privileged = true },
	"approval": func(r *v1alpha1.Rule) { r.Owners.Privileged, r.Approval = true, &v1alpha1.RuleApproval{Required: true} },
	"no":       func(r *v1alpha1.Rule) { r.Limits.Scopes = []v1alpha1.Scope{"admin"} },
	"no-all-same": func(r *v1alpha1.Rule) {
		r.Limits.Scopes, r.Create = []v1alpha1.Scope{"admin"}, &v1alpha1.Create{Self: true}
	},
	"requester":     func(r *v1alpha1.Rule) { r.Owners.Privileged, r.Create = true, &v1alpha1.Create{Self: true} },
	"directory":     func(*v1alpha1.Rule) {},
	"both":          func(r *v1alpha1.Rule) { r.Create = &v1alpha1.Create{Self: true} },
	"ask-directory": func(r *v1alpha1.Rule) { r.Approval = &v1alpha1.RuleApproval{Required: true} },
}

func shaped(names ...string) *v1alpha1.TokenPolicy {
	p := testPolicy()
	plain := p.Spec.Rules[0]
	p.Spec.Rules = nil
	for _, name := range names {
		r := *plain.DeepCopy()
		r.Name = name
		shapes[name](&r)
		p.Spec.Rules = append(p.Spec.Rules, r)
	}
	p.Spec.Requesters = &v1alpha1.Requesters{}
	p.Spec.PrivilegedGroups = []v1alpha1.JiraGroupName{"admins"}
	return withDirectory(p)
}

// TestRulesAdd: of any two rules the better answer counts, and their order does not matter.
func TestRulesAdd(t *testing.T) {
	dir := snapshot("alice") // knows the owner, but no group
	type outcome struct {
		verdict       policy.Verdict
		needsApproval bool
	}
	alone := map[string]outcome{
		"yes": {policy.Permitted, false}, "approval": {policy.Permitted, true},
		"no": {policy.NotPermitted, false}, "no-all-same": {policy.NotPermitted, false},
		"requester": {policy.RequesterUnknown, false}, "directory": {policy.DirectoryPending, false},
		"both": {policy.DirectoryPending, false}, "ask-directory": {policy.DirectoryPending, false},
	}
	order := []outcome{
		{policy.Permitted, false},
		{policy.Permitted, true},
		{policy.RequesterUnknown, false},
		{policy.DirectoryPending, false},
		{policy.NotPermitted, false},
	}
	for a := range shapes {
		for b := range shapes {
			want := alone[a]
			for _, o := range order {
				if alone[a] == o || alone[b] == o {
					want = o
					break
				}
			}
			got := verdictOf(t, shaped(a, b), dir, request(func(*policy.Request) {}))
			if (outcome{got.Verdict, got.NeedsApproval}) != want {
				t.Errorf("%s and %s: %d %s", a, b, got.Verdict, got.Message)
			}
			if swapped := verdictOf(t, shaped(b, a), dir, request(func(*policy.Request) {})); swapped != got {
				t.Errorf("%s and %s: %+v, in the other order %+v", a, b, got, swapped)
			}
			if permitted := got.Verdict == policy.Permitted; permitted != (got.Rule != "") || (permitted && alone[got.Rule] != want) {
				t.Errorf("%s and %s: rule %q", a, b, got.Rule)
			}
		}
	}
}

// TestExplain: each rule with its own answer and reasons.
func TestExplain(t *testing.T) {
	p := shaped("yes", "approval", "no-all-same", "both")
	got := compile(t, p, nil).Explain(request(func(r *policy.Request) { r.Namespace = "ops" }))
	for i := range p.Spec.Rules {
		p.Spec.Rules[i].Namespaces.Names = []v1alpha1.NamespaceName{"ops"}
	}
	if len(got) != 4 || got[3].Answer != policy.No || got[3].Reasons[0] != `it is not for namespace "ops"` {
		t.Errorf("%+v", got)
	}
	got = compile(t, p, nil).Explain(request(func(r *policy.Request) { r.Namespace = "ops" }))
	want := []policy.RuleAnswer{
		{Rule: "approval", Answer: policy.Yes, NeedsApproval: true},
		{Rule: "both", Answer: policy.Unknown, Reasons: []string{
			`Jira has not been asked yet about its group "admins"`,
			"who declared the token is not known, and the rule asks for that (its create)",
		}},
		{Rule: "no-all-same", Answer: policy.No, Reasons: []string{
			"scope read is beyond its limit (admin): take it out of spec.scopes",
		}},
		{Rule: "yes", Answer: policy.Yes},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}
