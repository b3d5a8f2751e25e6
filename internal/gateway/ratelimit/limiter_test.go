// SPDX-License-Identifier: Apache-2.0

package ratelimit

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

var start = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

func perMinute(requests, burst int32) grant.RateLimit {
	return grant.RateLimit{Requests: requests, Period: time.Minute, Burst: burst}
}

// drain takes until no more is allowed, and returns how often it was.
func drain(l *Limiter, key Key, limit grant.RateLimit, now time.Time) int {
	for n := 0; ; n++ {
		if !l.Take(key, limit, now).Allowed {
			return n
		}
	}
}

func TestABurstAndThenTheRate(t *testing.T) {
	l, key, limit := New(), Key{UID: "a"}, perMinute(10, 3)
	for i, want := range []Budget{
		{Allowed: true, Remaining: 2}, {Allowed: true, Remaining: 1}, {Allowed: true}, {RetryAfter: 6}, {RetryAfter: 6},
	} {
		if got := l.Take(key, limit, start); got != want {
			t.Errorf("request %d: %+v, want %+v", i, got, want)
		}
	}
	for after, want := range []Budget{
		{RetryAfter: 6},
		{RetryAfter: 5},
		{RetryAfter: 4},
		{RetryAfter: 3},
		{RetryAfter: 2},
		{RetryAfter: 1},
		{Allowed: true},
		{RetryAfter: 5},
	} {
		if got := l.Take(key, limit, start.Add(time.Duration(after)*time.Second)); got != want {
			t.Errorf("after %d s: %+v, want %+v", after, got, want)
		}
	}
	if got := l.Take(key, limit, start.Add(7500*time.Millisecond)); got.RetryAfter != 5 {
		t.Errorf("in the middle of a second: %+v", got)
	}
	if got := drain(l, key, limit, start.Add(time.Hour)); got != 3 {
		t.Errorf("%d at once after a pause", got)
	}
}

func TestLimitsAtTheBounds(t *testing.T) {
	l := New()
	for name, limit := range map[string]grant.RateLimit{
		"one a day": {Requests: 1, Period: 24 * time.Hour, Burst: 1},
		"slowest":   {Requests: 1, Period: math.MaxInt64, Burst: 1},
		"widest":    {Requests: math.MaxInt32, Period: math.MaxInt64, Burst: 1},
	} {
		if first := l.Take(Key{UID: name}, limit, start); !first.Allowed || first.Remaining != 0 {
			t.Errorf("%s: %+v", name, first)
		}
		second := l.Take(Key{UID: name}, limit, start)
		if second.Allowed || second.RetryAfter < 1 || second.RetryAfter > int(limit.Period/time.Second)+1 {
			t.Errorf("%s: %+v", name, second)
		}
	}
	fastest := grant.RateLimit{Requests: math.MaxInt32, Period: 1, Burst: math.MaxInt32}
	for range 10 {
		if got := l.Take(Key{UID: "fastest"}, fastest, start); !got.Allowed || got.Remaining < 0 {
			t.Errorf("%+v", got)
		}
	}
}

func TestWhoSharesABudget(t *testing.T) {
	l, limit := New(), perMinute(60, 5)
	if got := drain(l, Key{UID: "a"}, limit, start); got != 5 {
		t.Errorf("%d allowed", got)
	}
	if got := l.Take(Key{UID: strings.Clone("a")}, limit, start); got.Allowed {
		t.Error("another credential of the same ApiToken has a budget of its own")
	}
	for _, other := range []Key{{UID: "b"}, {UID: ""}, {UID: "a", Retired: true}} {
		if got := drain(l, other, limit, start); got != 5 {
			t.Errorf("%+v: %d allowed", other, got)
		}
	}
}

// A limit that changes counts at once, and no change gives back what was taken.
func TestAChangeOfTheLimit(t *testing.T) {
	for name, tc := range map[string]struct {
		before, after grant.RateLimit
		taken         int
		pause         time.Duration // after the change
		want          int
	}{
		"larger burst, nothing left":     {perMinute(60, 5), perMinute(60, 100), 5, 0, 0},
		"larger burst, some left":        {perMinute(60, 5), perMinute(60, 100), 3, 0, 2},
		"larger burst fills at the rate": {perMinute(60, 5), perMinute(60, 100), 5, 10 * time.Second, 10},
		"smaller burst":                  {perMinute(60, 100), perMinute(60, 5), 10, 0, 5},
		"smaller burst, less than it":    {perMinute(60, 100), perMinute(60, 5), 98, 0, 2},
		"faster":                         {perMinute(1, 5), perMinute(6000, 5), 5, 0, 0},
		"faster fills faster":            {perMinute(1, 5), perMinute(60, 5), 5, 2 * time.Second, 2},
		"slower":                         {perMinute(6000, 5), perMinute(1, 5), 5, 2 * time.Second, 0},
	} {
		l, key := New(), Key{UID: "a"}
		for range tc.taken {
			l.Take(key, tc.before, start)
		}
		if tc.pause > 0 { // the change is noticed at the first request after it
			l.Take(key, tc.after, start)
			tc.taken++
		}
		if got := drain(l, key, tc.after, start.Add(tc.pause)); got != tc.want {
			t.Errorf("%s: %d allowed, want %d", name, got, tc.want)
		}
	}
	// To and fro gains nothing.
	l, key, few, many := New(), Key{UID: "a"}, perMinute(1, 5), perMinute(1, 100)
	allowed := 0
	for range 50 {
		for _, limit := range []grant.RateLimit{few, many} {
			if l.Take(key, limit, start).Allowed {
				allowed++
			}
		}
	}
	if allowed != 5 {
		t.Errorf("%d allowed", allowed)
	}
}

// Requests come to their count in another order than they began in. The time between two counts once.
func TestTimeGoesForwardOnly(t *testing.T) {
	l, key, limit := New(), Key{UID: "a"}, perMinute(60, 20)
	allowed := 0
	for range 100 {
		for _, at := range []time.Time{start.Add(900 * time.Millisecond), start} {
			if l.Take(key, limit, at).Allowed {
				allowed++
			}
		}
	}
	if allowed != 20 {
		t.Errorf("%d allowed within less than a second", allowed)
	}
}

func TestConcurrentRequestsAreCountedExactly(t *testing.T) {
	const burst, tokens, goroutines, each = 100, 20, 16, 50
	l := New()
	var allowed [tokens]atomic.Int64
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			for n := range tokens * each {
				i := (n + g) % tokens
				if l.Take(Key{UID: fmt.Sprint("token-", i)}, perMinute(60, burst), start).Allowed {
					allowed[i].Add(1)
				}
				if n%100 == 0 {
					l.sweep(start)
				}
			}
		})
	}
	all.Wait()
	for i := range allowed {
		if got := allowed[i].Load(); got != burst {
			t.Errorf("token %d: %d of %d allowed, want %d", i, got, goroutines*each, burst)
		}
	}
}

func TestTakeAllocatesNothing(t *testing.T) {
	l, key := New(), Key{UID: "0d9c6f5e-6a0b-4e52-9a53-000000000001"}
	limits := [...]grant.RateLimit{perMinute(60, 10), perMinute(30, 5)}
	n := 0
	if got := testing.AllocsPerRun(100, func() { l.Take(key, limits[n%2], start); n++ }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

// The UID of a record is a part of a whole shard of the table, which must not stay in memory for a bucket's sake.
func TestABucketKeepsNothingElseInMemory(t *testing.T) {
	arena := strings.Repeat("0d9c6f5e-6a0b-4e52-9a53-000000000001", 100)
	l := New()
	l.Take(Key{UID: arena[36:72]}, perMinute(60, 10), start)
	from := uintptr(unsafe.Pointer(unsafe.StringData(arena)))
	for i := range l.shards {
		for key := range l.shards[i].buckets {
			if at := uintptr(unsafe.Pointer(unsafe.StringData(key.UID))); at >= from && at < from+uintptr(len(arena)) {
				t.Error("the key is a part of the arena")
			}
		}
	}
}
