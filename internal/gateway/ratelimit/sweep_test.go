// SPDX-License-Identifier: Apache-2.0

package ratelimit

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/utils/clock"
)

func TestASweepDropsFullBucketsOnly(t *testing.T) {
	const tokens = 1000
	l, limit := New(), perMinute(60, 10)
	for n := range tokens {
		for range n%10 + 1 { // the more was taken, the later it is full again
			l.Take(Key{UID: fmt.Sprint(n)}, limit, start)
		}
	}
	for after, want := range []int{tokens, 900, 800, 700, 600, 500, 400, 300, 200, 100, 0, 0} {
		l.sweep(start.Add(time.Duration(after) * time.Second))
		if got := l.Len(); got != want {
			t.Errorf("after %d s: %d buckets, want %d", after, got, want)
		}
	}
}

// A bucket that is dropped gives its token no more than one that stayed.
func TestASweepGivesNothing(t *testing.T) {
	swept, other, limit, key := New(), New(), perMinute(60, 10), Key{UID: "a"}
	for second := range 100 {
		now := start.Add(time.Duration(second) * time.Second)
		swept.sweep(now)
		for range second % 7 {
			if a, b := swept.Take(key, limit, now), other.Take(key, limit, now); a != b {
				t.Fatalf("after %d s: %+v and %+v", second, a, b)
			}
		}
	}
	// Nor is a bucket full because the limit is about to become faster.
	drain(swept, key, perMinute(1, 10), start.Add(time.Hour))
	swept.sweep(start.Add(time.Hour + 30*time.Second))
	if got := drain(swept, key, perMinute(6000, 10), start.Add(time.Hour+30*time.Second)); got != 0 {
		t.Errorf("%d allowed", got)
	}
}

func TestRunSweepsUntilItIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New()
		stop, ended := make(chan struct{}), make(chan struct{})
		go func() { defer close(ended); l.Run(stop, clock.RealClock{}) }()
		l.Take(Key{UID: "a"}, perMinute(60, 10), time.Now())
		l.Take(Key{UID: "b"}, perMinute(6, 10), time.Now().Add(time.Second)) // full a second after the first sweep
		for _, want := range []int{1, 0} {
			<-time.After(sweepEvery + time.Millisecond) // of the bubble's own time
			synctest.Wait()
			if got := l.Len(); got != want {
				t.Errorf("%d buckets, want %d", got, want)
			}
		}
		close(stop)
		<-ended
	})
}
