// SPDX-License-Identifier: Apache-2.0

package store

import (
	"sync"
	"time"
)

const (
	// patience is how many calls in a row may fail before the server counts as away: one may, when it forks or a packet is
	// lost.
	patience = 3
	// longestRetry bounds how long a server is left alone that keeps failing.
	longestRetry = 30 * time.Second
)

// breaker keeps requests from waiting for a server that is away.
type breaker struct {
	mu       sync.Mutex
	away     bool
	closed   bool
	probing  bool
	told     bool // somebody has been told that it is away
	failures int  // in a row
	retry    time.Duration
	wait     time.Duration // before the next probe
	retryAt  time.Time
	backAt   time.Time // when it was last found to be there
}

func (b *breaker) isAway() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.away
}

// mayProbe starts a probe, which has to call probed, if it is time to ask whether the server is back. start must not
// block; none is called once close has returned.
func (b *breaker) mayProbe(now time.Time, start func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || !b.away || b.probing || now.Before(b.retryAt) {
		return
	}
	b.probing = true
	start()
}

// probed takes a probe's outcome, and tells whether that is a change to tell of.
func (b *breaker) probed(back bool, now time.Time) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	if !back {
		return b.leave(now)
	}
	b.away, b.told, b.failures, b.backAt = false, false, 0, now
	return true
}

func (b *breaker) succeeded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures = 0
}

// failed takes a failed call, and tells whether the server is away from now on.
func (b *breaker) failed(now time.Time) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures++
	if b.away || b.failures < patience {
		return false
	}
	if now.Sub(b.backAt) > longestRetry { // it was there for a while, and not just for a probe
		b.wait = 0
	}
	return b.leave(now)
}

func (b *breaker) leave(now time.Time) (changed bool) {
	changed = !b.told
	b.away, b.told = true, true
	b.wait = min(max(2*b.wait, b.retry), longestRetry)
	b.retryAt = now.Add(b.wait)
	return changed
}

// close lets no probe begin any more.
func (b *breaker) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed, b.away = true, true
}
