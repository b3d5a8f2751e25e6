// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/tokenmetrics"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// TestJitterSpreads: tokens that were declared together rotate over a tenth of the period, none later than it.
func TestJitterSpreads(t *testing.T) {
	const period, tokens, parts = 100 * time.Hour, 10_000, 10
	var counts [parts]int
	for i := range tokens {
		uid := types.UID(fmt.Sprintf("0d9c6f5e-6a0b-4e52-9a53-%012d", i))
		j := jitter(uid, period)
		if j < 0 || j >= period/jitterShare || j != jitter(uid, period) {
			t.Fatalf("%s", j)
		}
		counts[j*parts*jitterShare/period]++
	}
	if least := slices.Min(counts[:]); least < tokens/parts*3/4 {
		t.Errorf("unevenly spread: %v", counts)
	}
}

func TestNewRotation(t *testing.T) {
	hours := func(n int) time.Duration { return time.Duration(n) * time.Hour }
	for name, c := range map[string]struct {
		declared        *v1alpha1.Rotation
		maxAge          time.Duration
		period, overlap time.Duration // without jitter
		cause           tokenmetrics.Cause
	}{
		"nothing":                      {nil, 0, 0, hours(24), tokenmetrics.CauseSchedule},
		"every week":                   {&v1alpha1.Rotation{Every: "168h"}, 0, hours(168), hours(24), tokenmetrics.CauseSchedule},
		"half of a short period":       {&v1alpha1.Rotation{Every: "10h"}, 0, hours(10), hours(5), tokenmetrics.CauseSchedule},
		"an overlap":                   {&v1alpha1.Rotation{Every: "10h", Overlap: "9h"}, 0, hours(10), hours(9), tokenmetrics.CauseSchedule},
		"none":                         {&v1alpha1.Rotation{Every: "10h", Overlap: "0s"}, 0, hours(10), 0, tokenmetrics.CauseSchedule},
		"on request":                   {&v1alpha1.Rotation{Overlap: "720h"}, 0, 0, hours(720), tokenmetrics.CauseSchedule},
		"by the policy":                {nil, hours(10), hours(10), hours(5), tokenmetrics.CauseMaxAge},
		"the policy's is earlier":      {&v1alpha1.Rotation{Every: "20h", Overlap: "15h"}, hours(10), hours(10), hours(5), tokenmetrics.CauseMaxAge},
		"the policy's is earlier, too": {&v1alpha1.Rotation{Every: "20h", Overlap: "9h"}, hours(10), hours(10), hours(9), tokenmetrics.CauseMaxAge},
		"the policy's is later":        {&v1alpha1.Rotation{Every: "10h"}, hours(20), hours(10), hours(5), tokenmetrics.CauseSchedule},
	} {
		tok := &v1alpha1.ApiToken{ObjectMeta: metav1.ObjectMeta{UID: "a"}, Spec: v1alpha1.ApiTokenSpec{Rotation: c.declared}}
		declared, err := parseRotation(&tok.Spec)
		must(t, err)
		got := newRotation(tok, declared, c.maxAge, time.Time{})
		if got.period != c.period-jitter("a", c.period) || got.overlap != c.overlap || got.cause != c.cause {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for _, r := range []v1alpha1.Rotation{{Every: "7d"}, {Overlap: "x"}} {
		if _, err := parseRotation(&v1alpha1.ApiTokenSpec{Rotation: &r}); err == nil || !strings.Contains(err.Error(), "spec.rotation.") {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

// TestOneStaysWhateverTheSlots: of any slots, in any state, what is decided leaves the current one alone, lets nothing be
// accepted for longer than the overlap, prolongs nothing, and comes to an end.
func TestOneStaysWhateverTheSlots(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		at := func(label string) time.Time {
			return start.Add(time.Duration(rapid.IntRange(-100, 100).Draw(t, label)) * time.Minute)
		}
		var slots []slot
		for i := range rapid.IntRange(1, 6).Draw(t, "slots") {
			s := slot{number: i, credential: &grant.Credential{ID: fmt.Sprint(i), IssuedAt: at("issued")}}
			if rapid.Bool().Draw(t, "retires") {
				s.credential.RetireAt = new(at("retires"))
			}
			if rapid.Bool().Draw(t, "expires") {
				s.credential.ExpiresAt = new(at("expires"))
			}
			if rapid.Bool().Draw(t, "succeeds") {
				s.notes.Succession = &grant.Succession{Slots: rapid.SliceOf(rapid.IntRange(0, 5)).Draw(t, "whom")}
			}
			if rapid.IntRange(0, 9).Draw(t, "damaged") == 0 {
				s.credential = nil
			}
			slots = append(slots, s)
		}
		current := rapid.SampledFrom(slots).Draw(t, "current")
		if current.credential == nil {
			return
		}
		r := rotation{overlap: time.Duration(rapid.IntRange(0, 50).Draw(t, "overlap")) * time.Minute}
		now, fenced := at("now"), rapid.Bool().Draw(t, "fenced")
		for _, s := range slots {
			if s.number == current.number {
				continue
			}
			f, until := r.fateOf(&s, &current, now, at("written"), fenced)
			switch f {
			case retire:
				before := s.credential.RetireAt
				if until.After(now.Add(r.overlap)) || (before != nil && until.After(*before)) || !succeeds(&current, &s) {
					t.Fatalf("accepted until %s, it was %v, now %s, overlap %s", until, before, now, r.overlap)
				}
				s.credential.RetireAt = &until
				if again, _ := r.fateOf(&s, &current, now, now, fenced); again == retire {
					t.Fatal("decided anew")
				}
			case keep:
				if c := s.credential; c.RetireAt == nil && (fenced || now.Sub(c.IssuedAt) >= abandonedAfter) {
					t.Fatalf("a surplus one stays: %+v", c)
				}
			case end:
			}
		}
	})
}
