// SPDX-License-Identifier: Apache-2.0

package ratelimit

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// Whatever comes when, and whatever is swept meanwhile: no stretch of time sees more requests than the burst and what the
// rate gives; and whoever waits as long as was said is let through, but not a second earlier.
func TestNeverMoreThanTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := grant.RateLimit{
			Requests: rapid.Int32Range(1, 100).Draw(t, "requests"), Burst: rapid.Int32Range(1, 5).Draw(t, "burst"),
			Period: time.Duration(rapid.Int64Range(1, 120).Draw(t, "seconds")) * time.Second,
		}
		l, key, now := New(), Key{UID: "a"}, start
		var allowed []time.Time
		take := func() Budget {
			budget := l.Take(key, limit, now)
			if budget.Allowed {
				allowed = append(allowed, now)
				expectWithin(t, limit, allowed)
			}
			return budget
		}
		pause := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, int64(limit.Period)), rapid.Int64Range(0, int64(time.Second)))
		t.Repeat(map[string]func(*rapid.T){
			"request": func(*rapid.T) { take() },
			"pause":   func(t *rapid.T) { now = now.Add(time.Duration(pause.Draw(t, "pause"))) },
			"sweep":   func(*rapid.T) { l.sweep(now) },
			"wait": func(t *rapid.T) {
				budget := take()
				if budget.Allowed {
					return
				}
				if budget.RetryAfter > 1 {
					now = now.Add(time.Duration(budget.RetryAfter-1) * time.Second)
					if take().Allowed {
						t.Fatal("allowed a second earlier than it said")
					}
					budget.RetryAfter = 1
				}
				now = now.Add(time.Duration(budget.RetryAfter) * time.Second)
				if budget := take(); !budget.Allowed {
					t.Fatalf("refused when it should be allowed: %+v", budget)
				}
			},
		})
	})
}

func expectWithin(t *rapid.T, limit grant.RateLimit, allowed []time.Time) {
	last := allowed[len(allowed)-1]
	for i, first := range allowed {
		most := float64(limit.Burst) + last.Sub(first).Seconds()*float64(limit.Requests)/limit.Period.Seconds()
		if n := len(allowed) - i; float64(n) > most+1e-6 {
			t.Fatalf("%d requests within %v, at most %v are allowed", n, last.Sub(first), most)
		}
	}
}
