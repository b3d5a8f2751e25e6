// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

func TestTokenHashNeedsARuleThatAllowsIt(t *testing.T) {
	own := func(s *v1alpha1.ApiTokenSpec) {
		s.Secret, s.TokenHash = nil, v1alpha1.TokenHash("sha256:"+strings.Repeat("ab", 32))
	}
	for name, c := range map[string]struct {
		allowed bool
		change  func(*v1alpha1.ApiTokenSpec)
		says    string // empty: it is permitted
	}{
		"made by the operator":               {false, func(s *v1alpha1.ApiTokenSpec) { s.Secret = nil }, ""},
		"made by the operator, both allowed": {true, func(s *v1alpha1.ApiTokenSpec) { s.Secret = nil }, ""},
		"made elsewhere, allowed":            {true, own, ""},
		"made elsewhere, not allowed":        {false, own, "(its limits.tokenHash): take spec.tokenHash out"},
	} {
		r, err := policy.NewRequest(apiToken(c.change), map[string]string{"jira": "yes"}, nil, declared)
		if err != nil {
			t.Fatal(err)
		}
		got := verdictOf(t, limited(func(l *v1alpha1.Limits) { l.TokenHash = c.allowed }), nil, r)
		if want := c.says == ""; want != (got.Verdict == policy.Permitted) || !strings.Contains(got.Message, c.says) {
			t.Errorf("%s: %d %s, want %q", name, got.Verdict, got.Message, c.says)
		}
	}
}

// TestTakingTokenHashAwayNeverWidens is TestNarrowingNeverWidens for limits.tokenHash.
func TestTakingTokenHashAwayNeverWidens(t *testing.T) {
	permitted, narrowed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.older = nil // the place that one of them loses falls to the next
		w.request.TokenHash = chance(t, 7, "made elsewhere")
		for i := range w.policy.Spec.Rules {
			w.policy.Spec.Rules[i].Limits.TokenHash = chance(t, 7, "allows it")
		}
		before := w.decide(t)
		w.policy.Spec.Rules[pick(t, len(w.policy.Spec.Rules))].Limits.TokenHash = false
		after := w.decide(t)
		if width(after) > width(before) {
			t.Fatalf("%d %s\nbecame %d %s", before.Verdict, before.Message, after.Verdict, after.Message)
		}
		permitted += min(1, width(before))
		narrowed += min(1, width(before)-width(after))
	})
	t.Logf("of %d permissions %d were narrowed", permitted, narrowed)
}
