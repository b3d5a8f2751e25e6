// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

var ages = []v1alpha1.RotationPeriod{"", "200h", "20h", "2h"} // each narrower than the one before

func TestMaxCredentialAge(t *testing.T) {
	for name, c := range map[string]struct {
		elsewhere bool
		age       time.Duration // of the credential
		issued    bool
		says      string // empty: it is permitted
	}{
		"made by the operator":     {false, 300 * time.Hour, true, ""},
		"made elsewhere":           {true, 20*time.Hour - time.Second, true, ""},
		"made elsewhere, too old":  {true, 20 * time.Hour, true, "its limits.maxCredentialAge is 20h: make another token and declare its hash"},
		"made elsewhere, just now": {true, 0, false, ""},
	} {
		r := request(func(r *policy.Request) {
			if r.TokenHash = c.elsewhere; c.issued {
				r.IssuedAt = r.Now.Add(-c.age)
			}
		})
		got := verdictOf(t, limited(func(l *v1alpha1.Limits) { l.MaxCredentialAge, l.TokenHash = "20h", true }), nil, r)
		if want := c.says == ""; want != (got.Verdict == policy.Permitted) || !strings.Contains(got.Message, c.says) {
			t.Errorf("%s: %d %s, want %q", name, got.Verdict, got.Message, c.says)
		}
		if got.Verdict == policy.Permitted && got.MaxCredentialAge != 20*time.Hour {
			t.Errorf("%s: replaced at the age of %s", name, got.MaxCredentialAge)
		}
	}
}

// TestNothingRevokedYet is said up to the very time.
func TestNothingRevokedYet(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	compiled, err := policy.Compile(&v1alpha1.TokenPolicy{Spec: v1alpha1.TokenPolicySpec{
		RevokeIssuedBefore: &metav1.Time{Time: at},
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := compiled.NothingRevokedYet(at.Add(-time.Second)); !strings.Contains(got, "counts from 2026-03-01T12:00:00Z") {
		t.Error(got)
	}
	if got := compiled.NothingRevokedYet(at); got != "" {
		t.Error(got)
	}
}

// TestTheLaxerRuleCounts: rules are additive, whatever their order; one that needs no approval counts before one that does.
func TestTheLaxerRuleCounts(t *testing.T) {
	type rule struct {
		age      v1alpha1.RotationPeriod
		approval bool
	}
	for name, c := range map[string]struct {
		rules []rule
		want  string
		age   time.Duration
	}{
		"one":                        {[]rule{{"20h", false}}, "a", 20 * time.Hour},
		"the longer":                 {[]rule{{"20h", false}, {"200h", false}}, "b", 200 * time.Hour},
		"none is the longest":        {[]rule{{"20h", false}, {"", false}, {"200h", false}}, "b", 0},
		"the first of equals":        {[]rule{{"20h", false}, {"20h", false}}, "a", 20 * time.Hour},
		"without approval":           {[]rule{{"", true}, {"20h", false}}, "b", 20 * time.Hour},
		"the longer, with approvals": {[]rule{{"20h", true}, {"200h", true}}, "b", 200 * time.Hour},
	} {
		p := limited(func(*v1alpha1.Limits) {})
		base := p.Spec.Rules[0]
		p.Spec.Rules = nil
		for i, r := range c.rules {
			next := base
			next.Name, next.Limits.MaxCredentialAge = string(rune('a'+i)), r.age
			next.Approval = &v1alpha1.RuleApproval{Required: r.approval}
			p.Spec.Rules = append(p.Spec.Rules, next)
		}
		got := verdictOf(t, p, nil, request(func(*policy.Request) {}))
		if got.Verdict != policy.Permitted || got.Rule != c.want || got.MaxCredentialAge != c.age {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestRevokeIssuedBefore(t *testing.T) {
	at := func(d time.Duration) func(*v1alpha1.TokenPolicySpec) {
		return func(s *v1alpha1.TokenPolicySpec) { s.RevokeIssuedBefore = &metav1.Time{Time: now.Add(d)} }
	}
	for name, c := range map[string]struct {
		elsewhere bool
		cut, age  time.Duration
		want      policy.Verdict
	}{
		"made by the operator": {false, -time.Hour, 2 * time.Hour, policy.Permitted},
		"before":               {true, -time.Hour, 2 * time.Hour, policy.HashTooOld},
		"since":                {true, -time.Hour, time.Hour, policy.Permitted},
		"now":                  {true, 0, time.Second, policy.HashTooOld},
		"still to come":        {true, time.Second, time.Hour, policy.Permitted},
	} {
		p := limited(func(l *v1alpha1.Limits) { l.TokenHash = true })
		at(c.cut)(&p.Spec)
		r := request(func(r *policy.Request) { r.TokenHash, r.IssuedAt = c.elsewhere, r.Now.Add(-c.age) })
		if got := verdictOf(t, p, nil, r); got.Verdict != c.want {
			t.Errorf("%s: %d %s, want %d", name, got.Verdict, got.Message, c.want)
		}
	}
	p := limited(func(l *v1alpha1.Limits) { l.TokenHash = true })
	for elsewhere, want := range map[bool]policy.Verdict{true: policy.HashTooOld, false: policy.Permitted} {
		r := request(func(r *policy.Request) { r.TokenHash, r.HashEnded = elsewhere, true })
		if got := verdictOf(t, p, nil, r); got.Verdict != want {
			t.Errorf("ended by an earlier value, made elsewhere %t: %d %s, want %d", elsewhere, got.Verdict, got.Message, want)
		}
	}
}

// TestShorterAgesNeverWiden is TestNarrowingNeverWidens for limits.maxCredentialAge and revokeIssuedBefore.
func TestShorterAgesNeverWiden(t *testing.T) {
	permitted, narrowed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := &world{policy: testPolicy(), request: request(func(*policy.Request) {})}
		base := w.policy.Spec.Rules[0]
		w.policy.Spec.Rules = nil
		w.request.TokenHash = chance(t, 7, "made elsewhere")
		w.request.IssuedAt = now.Add(-time.Duration(rapid.IntRange(0, 50).Draw(t, "age")) * time.Hour)
		for i := range rapid.IntRange(1, 3).Draw(t, "rules") {
			next := base
			next.Name, next.Limits.MaxLifetime, next.Limits.TokenHash = string(rune('a'+i)), "", chance(t, 8, "allows it")
			next.Limits.MaxCredentialAge = rapid.SampledFrom(ages).Draw(t, "oldest")
			next.Approval = &v1alpha1.RuleApproval{Required: chance(t, 3, "approval")}
			w.policy.Spec.Rules = append(w.policy.Spec.Rules, next)
		}
		before := w.decide(t)
		if chance(t, 7, "by a rule") {
			limits := &w.policy.Spec.Rules[pick(t, len(w.policy.Spec.Rules))].Limits
			for i, age := range ages[:len(ages)-1] {
				if limits.MaxCredentialAge == age {
					limits.MaxCredentialAge = ages[i+1]
					break
				}
			}
		} else {
			w.policy.Spec.RevokeIssuedBefore = &metav1.Time{Time: now.Add(-time.Duration(rapid.IntRange(-2, 100).Draw(t, "cut")) * time.Hour)}
		}
		after := w.decide(t)
		if width(after) > width(before) {
			t.Fatalf("%d %s\nbecame %d %s", before.Verdict, before.Message, after.Verdict, after.Message)
		}
		if width(after) == 2 && width(before) == 2 && after.MaxCredentialAge != before.MaxCredentialAge &&
			(after.MaxCredentialAge == 0 || (before.MaxCredentialAge > 0 && after.MaxCredentialAge > before.MaxCredentialAge)) {
			t.Fatalf("it may become older: %s, it was %s", after.MaxCredentialAge, before.MaxCredentialAge)
		}
		permitted += min(1, width(before))
		narrowed += min(1, width(before)-width(after))
	})
	t.Logf("of %d permissions %d were narrowed", permitted, narrowed)
	if narrowed == 0 {
		t.Error("nothing was narrowed, so nothing was tested")
	}
}
