// SPDX-License-Identifier: Apache-2.0

// Package store counts the requests of tokens in a Redis or Valkey server that all replicas of the gateway share, so that
// a rate limit holds exactly, however requests are spread over them.
package store

import (
	"context"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"

	"github.com/jiratokens/jira-token-operator/internal/gateway/ratelimit"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// Outcome is what became of a request that was to be counted.
type Outcome string

// The outcomes. All but Counted and Remembered leave the counting to the replica.
const (
	Counted    Outcome = "counted"    // by the server
	Remembered Outcome = "remembered" // refused, as the server has said a moment ago
	Failed     Outcome = "error"      // the server did not answer in time, or not as it should
	Away       Outcome = "away"       // the server was not asked: it has failed before
)

// Options are what a Store needs.
type Options struct {
	Log logr.Logger
	// Observe is told of each request, Available of each change. They must not block.
	Observe   func(Outcome)
	Available func(bool)
	// Timeout is the longest that a request waits for the server. Default: 50 ms.
	Timeout time.Duration
	// Retry is how long a server that has failed is left alone, at first. Default: one second.
	Retry time.Duration
}

const (
	defaultTimeout = 50 * time.Millisecond
	defaultRetry   = time.Second
)

// Store asks one server. All methods may be called at any time from any goroutine.
type Store struct {
	prefix   string
	options  Options
	client   *redis.Client
	limiter  *redis_rate.Limiter
	breaker  breaker
	refusals refusals

	ctx    context.Context // ends when the store is closed
	cancel context.CancelFunc
	probes sync.WaitGroup
}

// New makes a Store. It waits for nothing: requests are left to the replica until the server has answered a first probe.
func New(t Target, o Options) *Store {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Retry == 0 {
		o.Retry = defaultRetry
	}
	s := &Store{prefix: t.Prefix, options: o, client: newClient(&t, o.Timeout)}
	s.limiter = redis_rate.NewLimiter(s.client)
	s.breaker = breaker{away: true, retry: o.Retry}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.breaker.mayProbe(time.Now(), s.probe)
	return s
}

// Take takes one request from the budget of all replicas together. It is false if that could not be done, and the replica
// has to count.
func (s *Store) Take(key ratelimit.Key, limit grant.RateLimit, now time.Time) (ratelimit.Budget, bool) {
	if s.breaker.isAway() {
		s.options.Observe(Away)
		s.breaker.mayProbe(time.Now(), s.probe)
		return ratelimit.Budget{}, false
	}
	if budget, ok := s.refusals.find(key, limit, now); ok {
		s.options.Observe(Remembered)
		return budget, true
	}
	result, err := s.allow(s.keyOf(key), limit, s.options.Timeout)
	if err != nil {
		s.options.Observe(Failed)
		s.failed(err)
		return ratelimit.Budget{}, false
	}
	s.breaker.succeeded()
	s.options.Observe(Counted)
	if result.Allowed > 0 {
		return ratelimit.Budget{Allowed: true, Remaining: result.Remaining / fraction}, true
	}
	return s.refusals.remember(key, limit, now, result.RetryAfter), true
}

// keyOf names a budget in the server by objects of the cluster: nothing in it belongs to a token itself.
func (s *Store) keyOf(key ratelimit.Key) string {
	name := s.prefix + key.UID
	if key.Retired {
		name += ":retired"
	}
	return name
}

func (s *Store) failed(err error) {
	if s.ctx.Err() != nil { // closed: what was under way fails by that
		return
	}
	if s.breaker.failed(time.Now()) {
		s.tell(err)
	}
}

// tell says once that the server is away, or, with no error, that it is there.
func (s *Store) tell(err error) {
	if err != nil {
		s.options.Log.Info("the store for rate limits is away; each replica counts its share until it is there", "error", short(err))
	} else {
		s.options.Log.Info("rate limits are counted in the store")
	}
	s.options.Available(err == nil)
}

// Close ends connections and probes.
func (s *Store) Close() {
	s.cancel()
	s.breaker.close()
	s.probes.Wait()
	_ = s.client.Close() // it only fails where it is closed already
}
