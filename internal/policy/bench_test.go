// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"fmt"
	"testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// largePolicy has 64 rules, of which the last permits the request, and a group of Jira's with 50,000 members.
func largePolicy() (*v1alpha1.TokenPolicy, *directory.Snapshot) {
	members := make([]string, 50_000)
	for i := range members {
		members[i] = fmt.Sprintf("user-%d", i)
	}
	members[0] = "alice"
	dir := snapshot("alice")
	addGroup(dir, "staff", members...)
	addGroup(dir, "jira-administrators", "root")
	p := messagePolicy()
	p.Spec.Rules[0].Owners = v1alpha1.Owners{Groups: []v1alpha1.JiraGroupName{"staff"}}
	p.Spec.Rules[0].Limits = v1alpha1.Limits{Scopes: []v1alpha1.Scope{"read"}}
	plain := p.Spec.Rules[0]
	p.Spec.Rules = nil
	for i := range 64 {
		r := *plain.DeepCopy()
		r.Name = fmt.Sprintf("rule-%02d", i)
		if i < 63 {
			r.Limits.Scopes = []v1alpha1.Scope{"admin"}
		}
		p.Spec.Rules = append(p.Spec.Rules, r)
	}
	return p, dir
}

func BenchmarkCompile(b *testing.B) {
	p, dir := largePolicy()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := policy.Compile(p, dir); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEvaluate(b *testing.B) {
	p, dir := largePolicy()
	compiled := compile(b, p, dir)
	r := request(func(r *policy.Request) { r.Requester = requester("oidc:alice") })
	b.ReportAllocs()
	for b.Loop() {
		if got := compiled.Evaluate(r); got.Verdict != policy.Permitted || got.Rule != "rule-63" {
			b.Fatal(got.Message)
		}
	}
}
