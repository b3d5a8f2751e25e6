// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/jiratokens/jira-token-operator/internal/gateway/ratelimit"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/test/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func perMinute(requests, burst int32) grant.RateLimit {
	return grant.RateLimit{Requests: requests, Period: time.Minute, Burst: burst}
}

// watched is a Store with what it told.
type watched struct {
	*Store
	mu        sync.Mutex
	lines     []string
	outcomes  map[Outcome]int
	available chan bool
}

func watch(t *testing.T, target Target, edit ...func(*Options)) *watched {
	t.Helper()
	w := &watched{outcomes: map[Outcome]int{}, available: make(chan bool, 100)}
	if target.Prefix == "" {
		target.Prefix = "jiratokens:policy:"
	}
	o := Options{
		Log:       funcr.New(func(_, args string) { w.mu.Lock(); defer w.mu.Unlock(); w.lines = append(w.lines, args) }, funcr.Options{}),
		Observe:   func(o Outcome) { w.mu.Lock(); defer w.mu.Unlock(); w.outcomes[o]++ },
		Available: func(is bool) { w.available <- is },
		Timeout:   200 * time.Millisecond, Retry: 20 * time.Millisecond,
	}
	for _, e := range edit {
		e(&o)
	}
	w.Store = New(target, o)
	t.Cleanup(w.Close)
	return w
}

// expect waits for a change to be told.
func (w *watched) expect(t *testing.T, available bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond) // requests go on: without them nobody asks whether the server is back
	defer ticker.Stop()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case got := <-w.available:
			if got != available {
				t.Fatalf("available: %v, want %v: %v", got, available, w.said())
			}
			return
		case now := <-ticker.C:
			w.Take(ratelimit.Key{UID: "other"}, perMinute(1_000_000, 1_000_000), now)
		case <-deadline:
			t.Fatalf("not told whether it is available: %v", w.said())
		}
	}
}

func (w *watched) said() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.lines...)
}

func (w *watched) count(o Outcome) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.outcomes[o]
}

func drain(t *testing.T, s *Store, key ratelimit.Key, limit grant.RateLimit) (allowed int) {
	t.Helper()
	for {
		budget, ok := s.Take(key, limit, time.Now())
		if !ok {
			t.Fatal("not counted by the server")
		}
		if !budget.Allowed {
			return allowed
		}
		allowed++
	}
}

func TestABudgetIsShared(t *testing.T) {
	server := redistest.Start(t)
	a, b := watch(t, Target{Address: server.Address}), watch(t, Target{Address: server.Address})
	a.expect(t, true)
	b.expect(t, true)
	key, limit := ratelimit.Key{UID: "one"}, perMinute(10, 3)
	for i, want := range []ratelimit.Budget{{Allowed: true, Remaining: 2}, {Allowed: true, Remaining: 1}, {Allowed: true}, {RetryAfter: 6}} {
		s := []*watched{a, b}[i%2]
		if got, ok := s.Take(key, limit, time.Now()); !ok || got != want {
			t.Errorf("request %d: %+v, want %+v", i, got, want)
		}
	}
	for _, other := range []ratelimit.Key{{UID: "two"}, {UID: "one", Retired: true}} {
		if got := drain(t, a.Store, other, limit); got != 3 {
			t.Errorf("%+v: %d allowed", other, got)
		}
	}
	another := watch(t, Target{Address: server.Address, Prefix: "jiratokens:other:"})
	another.expect(t, true)
	if got := drain(t, another.Store, key, limit); got != 3 {
		t.Errorf("another policy's: %d allowed", got)
	}
}

// TestTheBurstIsExact, although the server counts in floating point: the smallest bursts are where it would show.
func TestTheBurstIsExact(t *testing.T) {
	server := redistest.Start(t)
	w := watch(t, Target{Address: server.Address})
	w.expect(t, true)
	for burst := int32(1); burst <= 5; burst++ {
		for n := range 60 {
			limit := grant.RateLimit{Requests: int32(n%13) + 1, Period: time.Hour + time.Duration(n)*time.Second, Burst: burst}
			key := ratelimit.Key{UID: fmt.Sprintf("%d-%d", burst, n)}
			for left := burst - 1; left >= 0; left-- {
				if got, _ := w.Take(key, limit, time.Now()); got != (ratelimit.Budget{Allowed: true, Remaining: int(left)}) {
					t.Fatalf("%+v: %+v, want %d left", limit, got, left)
				}
			}
			if got, _ := w.Take(key, limit, time.Now()); got.Allowed {
				t.Fatalf("%+v: one more", limit)
			}
		}
	}
	for name, limit := range map[string]grant.RateLimit{
		"slowest": {Requests: 1, Period: 24 * time.Hour, Burst: 1}, "largest": {Requests: 1_000_000, Period: 24 * time.Hour, Burst: 1_000_000},
	} {
		got, ok := w.Take(ratelimit.Key{UID: name}, limit, time.Now())
		if !ok || !got.Allowed || got.Remaining != int(limit.Burst)-1 {
			t.Errorf("%s: %+v %v", name, got, ok)
		}
	}
}

// TestTheRateIsExact: two gateways that ask at once, as fast as they can, get what one would.
func TestTheRateIsExact(t *testing.T) {
	server := redistest.Start(t)
	stores := []*watched{watch(t, Target{Address: server.Address}), watch(t, Target{Address: server.Address})}
	for _, s := range stores {
		s.expect(t, true)
	}
	limit, key := grant.RateLimit{Requests: 50, Period: time.Second, Burst: 10}, ratelimit.Key{UID: "one"}
	var allowed atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for i := range 8 {
		all.Go(func() {
			for time.Since(began) < time.Second {
				if budget, ok := stores[i%2].Take(key, limit, time.Now()); ok && budget.Allowed {
					allowed.Add(1)
				}
			}
		})
	}
	all.Wait()
	most := float64(limit.Burst) + time.Since(began).Seconds()*50
	if got := float64(allowed.Load()); got > most+1 || got < most/2 { // a machine that stalls takes less
		t.Errorf("%v allowed, %v are within the limit", got, most)
	}
}

func TestNoTokenIsInTheServer(t *testing.T) {
	server := redistest.Start(t)
	w := watch(t, Target{Address: server.Address, Prefix: "jiratokens:policy-uid:"})
	w.expect(t, true)
	w.Take(ratelimit.Key{UID: "token-uid"}, perMinute(1, 1), time.Now())
	w.Take(ratelimit.Key{UID: "token-uid", Retired: true}, perMinute(1, 1), time.Now())
	client := redis.NewClient(&redis.Options{Addr: server.Address, Protocol: 2})
	defer client.Close()
	keys, err := client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]bool{
		"rate:jiratokens:policy-uid:token-uid": true, "rate:jiratokens:policy-uid:token-uid:retired": true,
		"rate:jiratokens:policy-uid:other": true, "rate:jiratokens:policy-uid:probe": true,
	}
	for _, key := range keys {
		if !left[key] {
			t.Errorf("unexpected key %s", key)
		}
		if ttl := client.TTL(t.Context(), key).Val(); ttl <= 0 || ttl > time.Minute {
			t.Errorf("%s stays for %v", key, ttl)
		}
	}
	if !strings.Contains(strings.Join(keys, " "), "policy-uid:token-uid:retired") {
		t.Errorf("%v", keys)
	}
}

// TestARefusalIsRemembered, so that hammering costs the server one call a second, but not for another limit.
func TestARefusalIsRemembered(t *testing.T) {
	server := redistest.Start(t)
	w := watch(t, Target{Address: server.Address})
	w.expect(t, true)
	key, now := ratelimit.Key{UID: "one"}, time.Now()
	w.Take(key, perMinute(10, 1), now)
	before := w.count(Counted)
	for n := range 100 {
		after := time.Duration(n) * 9 * time.Millisecond
		want := ratelimit.Budget{RetryAfter: 6}
		if got, ok := w.Take(key, perMinute(10, 1), now.Add(after)); !ok || got != want && n < 80 || got.Allowed {
			t.Fatalf("after %v: %+v %v", after, got, ok)
		}
	}
	if asked := w.count(Counted) - before; asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	w.Take(key, perMinute(10, 1), now.Add(askAgain))
	if asked := w.count(Counted) - before; asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	if got, ok := w.Take(key, perMinute(10, 2), now); !ok || !got.Allowed {
		t.Errorf("a larger burst: %+v %v", got, ok)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var r refusals
	now := time.Now()
	for n := range 3 * maxRefusals {
		r.remember(ratelimit.Key{UID: fmt.Sprint(n)}, perMinute(1, 1), now, time.Minute)
	}
	if len(r.known) > maxRefusals {
		t.Errorf("%d refusals", len(r.known))
	}
}

// BenchmarkTake is what counting in a server on the same machine adds to a request, and what a remembered refusal does.
func BenchmarkTake(b *testing.B) {
	server := redistest.Start(b)
	s := New(Target{Address: server.Address, Prefix: "bench:"}, Options{
		Observe: func(Outcome) {}, Available: func(bool) {}, Timeout: time.Second,
	})
	defer s.Close()
	for s.breaker.isAway() {
		time.Sleep(time.Millisecond)
	}
	key := ratelimit.Key{UID: "one"}
	b.Run("counted", func(b *testing.B) {
		for b.Loop() {
			if budget, ok := s.Take(key, perMinute(1_000_000, 1_000_000), time.Now()); !ok || !budget.Allowed {
				b.Fatal(budget, ok)
			}
		}
	})
	b.Run("remembered", func(b *testing.B) {
		now := time.Now()
		for range 2 {
			s.Take(key, perMinute(1, 1), now)
		}
		b.ReportAllocs()
		for b.Loop() {
			if budget, ok := s.Take(key, perMinute(1, 1), now); !ok || budget.Allowed {
				b.Fatal(budget, ok)
			}
		}
	})
}
