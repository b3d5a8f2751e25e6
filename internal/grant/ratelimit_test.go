// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"math"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// rateLimits draws limits with values small enough to meet often, and those at the bounds.
func rateLimits() *rapid.Generator[RateLimit] {
	count := rapid.OneOf(rapid.Int32Range(1, 6), rapid.Just[int32](math.MaxInt32))
	period := rapid.OneOf(rapid.Int64Range(1, 6), rapid.Just[int64](math.MaxInt64), rapid.Just(int64(24*time.Hour)))
	return rapid.Custom(func(t *rapid.T) RateLimit {
		return RateLimit{
			Requests: count.Draw(t, "requests"), Period: time.Duration(period.Draw(t, "period")), Burst: count.Draw(t, "burst"),
			Concurrent: rapid.Int32Range(0, 3).Draw(t, "concurrent"),
		}
	})
}

func rate(l RateLimit) *big.Rat { return big.NewRat(int64(l.Requests), int64(l.Period)) }

// What is within a limit lets through no more of anything, computed without bounds.
func TestRateLimitWithin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := rateLimits().Draw(t, "a"), rateLimits().Draw(t, "b"), rateLimits().Draw(t, "c")
		if want := rate(a).Cmp(rate(b)) <= 0 && a.Burst <= b.Burst &&
			(b.Concurrent == 0 || a.Concurrent != 0 && a.Concurrent <= b.Concurrent); a.Within(b) != want {
			t.Errorf("%+v within %+v: want %v", a, b, want)
		}
		if !a.Within(a) {
			t.Errorf("%+v is not within itself", a)
		}
		if a.Within(b) && b.Within(c) && !a.Within(c) {
			t.Errorf("%+v within %+v within %+v, but not within the last", a, b, c)
		}
	})
}

func TestRateLimitWithinAtTheBounds(t *testing.T) {
	slowest := RateLimit{Requests: 1, Period: math.MaxInt64, Burst: 1}
	fastest := RateLimit{Requests: math.MaxInt32, Period: 1, Burst: math.MaxInt32}
	widest := RateLimit{Requests: math.MaxInt32, Period: math.MaxInt64, Burst: math.MaxInt32}
	for _, tc := range []struct {
		limit, ceiling RateLimit
		want           bool
	}{
		{slowest, fastest, true},
		{fastest, slowest, false},
		{slowest, widest, true},
		{widest, fastest, true},
		{fastest, widest, false},
		{widest, widest, true},
		{RateLimit{60, time.Minute, 60, 0}, RateLimit{1, time.Second, 60, 0}, true}, // the same rate in other words
		{RateLimit{61, time.Minute, 60, 0}, RateLimit{1, time.Second, 60, 0}, false},
		{RateLimit{1, time.Minute, 1, 2}, RateLimit{1, time.Minute, 1, 0}, true},
		{RateLimit{1, time.Minute, 1, 0}, RateLimit{1, time.Minute, 1, 2}, false},
		{RateLimit{1, time.Minute, 1, 2}, RateLimit{1, time.Minute, 1, 2}, true},
		{RateLimit{1, time.Minute, 1, 3}, RateLimit{1, time.Minute, 1, 2}, false},
		{RateLimit{60, time.Minute, 61, 0}, RateLimit{1, time.Second, 60, 0}, false},
	} {
		if got := tc.limit.Within(tc.ceiling); got != tc.want {
			t.Errorf("%+v within %+v: %v", tc.limit, tc.ceiling, got)
		}
	}
}

// All shares together are the limit, but for what rounding up adds: less than one a replica.
func TestShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, replicas := rateLimits().Draw(t, "limit"), rapid.Int32Range(-1, 100).Draw(t, "replicas")
		share, n := l.Share(replicas), int64(max(replicas, 1))
		if share.Period != l.Period || share.Requests < 1 || share.Burst < 1 || !share.Within(l) {
			t.Fatalf("%+v for one of %d: %+v", l, replicas, share)
		}
		for _, pair := range [][2]int32{{l.Requests, share.Requests}, {l.Burst, share.Burst}} {
			if all, whole := n*int64(pair[1]), int64(pair[0]); all < whole || all >= whole+n {
				t.Errorf("%d for each of %d: %d", pair[0], replicas, pair[1])
			}
		}
	})
	if got := (RateLimit{100, time.Minute, 10, 5}).Share(3); got != (RateLimit{34, time.Minute, 4, 2}) {
		t.Errorf("%+v", got)
	}
}
