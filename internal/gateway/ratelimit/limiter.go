// SPDX-License-Identifier: Apache-2.0

// Package ratelimit counts the requests of tokens that have a rate limit: one token bucket each, as long as it is not full.
package ratelimit

import (
	"hash/maphash"
	"math"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// shardCount shards mean that two requests seldom wait for each other, and that a sweep holds up few of them.
const shardCount = 64

// Limiter counts for this process alone: other replicas of the gateway have their own share of a limit.
type Limiter struct {
	seed   maphash.Seed
	shards [shardCount]shard
}

// New makes a Limiter. What Run does keeps its memory small.
func New() *Limiter {
	l := &Limiter{seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].buckets = buckets{}
	}
	return l
}

// Key says which requests count together: those of one ApiToken, whatever credential of it they come with. A new
// credential brings no second budget.
type Key struct {
	// UID of the ApiToken.
	UID string
	// Retired credentials count for themselves: whoever still has one, perhaps a thief, must not use up what its
	// successor may do.
	Retired bool
}

// Budget is what a limit leaves after a request.
type Budget struct {
	// Allowed tells whether the request is within the limit. One that is not takes nothing.
	Allowed bool
	// Remaining is how many more may be made at once.
	Remaining int
	// RetryAfter is in how many seconds one will be allowed again, at least 1; 0 if this one was.
	RetryAfter int
}

// Refused is what is left of a budget that allows the next request after a time.
func Refused(retryAfter time.Duration) Budget {
	return Budget{RetryAfter: wholeSeconds(retryAfter.Seconds())}
}

// Take takes one request from a budget. A limit that has changed counts from now on and gives nothing back: what was left
// is left, as far as the new burst has room for it.
func (l *Limiter) Take(key Key, limit grant.RateLimit, now time.Time) Budget {
	s := &l.shards[maphash.String(l.seed, key.UID)%shardCount]
	s.mu.Lock()
	defer s.mu.Unlock()
	now = s.advance(now)
	bucket := s.buckets.of(key, limit, now)
	allowed := bucket.AllowN(now, 1)
	left := bucket.TokensAt(now)
	if allowed {
		return Budget{Allowed: true, Remaining: max(int(left), 0)}
	}
	return Budget{RetryAfter: wholeSeconds((1 - left) / float64(bucket.Limit()))}
}

// wholeSeconds rounds up, but for less than the nanosecond that a bucket rounds away as well.
func wholeSeconds(seconds float64) int { return max(int(math.Ceil(seconds-1e-9)), 1) }

// Len is the number of buckets.
func (l *Limiter) Len() int {
	n := 0
	for i := range l.shards {
		n += l.shards[i].len()
	}
	return n
}
