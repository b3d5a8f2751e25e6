// SPDX-License-Identifier: Apache-2.0

package ratelimit

import (
	"maps"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/utils/clock"
)

// sweepEvery is how long a bucket may stay after it has become full.
const sweepEvery = 10 * time.Second

// Run drops full buckets until stop is closed. So there is at most one for each token that has a limit and made a
// request within the time that its bucket takes to fill, and one more for its retired credentials.
func (l *Limiter) Run(stop <-chan struct{}, clk clock.PassiveClock) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			l.sweep(clk.Now())
		}
	}
}

func (l *Limiter) sweep(now time.Time) {
	for i := range l.shards {
		l.shards[i].sweep(now)
	}
}

// sweep forgets nothing: a bucket that is missing is a full one.
func (s *shard) sweep(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now = s.advance(now)
	maps.DeleteFunc(s.buckets, func(_ Key, bucket *rate.Limiter) bool {
		return bucket.TokensAt(now) >= float64(bucket.Burst())
	})
	if len(s.buckets) == 0 {
		s.buckets = buckets{} // a map keeps the room that it once needed
	}
}
