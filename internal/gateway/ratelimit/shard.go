// SPDX-License-Identifier: Apache-2.0

package ratelimit

import (
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// shard is a part of the buckets with the lock that guards them.
type shard struct {
	mu      sync.Mutex
	buckets buckets
	latest  time.Time
}

// advance makes time go forward only: requests come here in another order than they began in, and a bucket would count
// the time between two of them twice.
func (s *shard) advance(now time.Time) time.Time {
	if now.Before(s.latest) {
		return s.latest
	}
	s.latest = now
	return now
}

func (s *shard) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.buckets)
}

type buckets map[Key]*rate.Limiter

// maxPeriod is far more than a limit can be declared with. Beyond three times as much, durations of package rate overflow.
const maxPeriod = 100 * 365 * 24 * time.Hour

// of returns the bucket of a key with the given limit; one that is not there is full.
func (b buckets) of(key Key, limit grant.RateLimit, now time.Time) *rate.Limiter {
	period := min(limit.Period, maxPeriod)
	fill, burst := rate.Limit(float64(limit.Requests)/period.Seconds()), int(limit.Burst)
	bucket, ok := b[key]
	if !ok {
		bucket = rate.NewLimiter(fill, burst)
		key.UID = strings.Clone(key.UID) // the caller's may be a part of a whole table
		b[key] = bucket
		return bucket
	}
	if bucket.Limit() != fill {
		bucket.SetLimitAt(now, fill)
	}
	if bucket.Burst() != burst {
		bucket.SetBurstAt(now, burst)
	}
	return bucket
}
