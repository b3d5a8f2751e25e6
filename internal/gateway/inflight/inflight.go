// SPDX-License-Identifier: Apache-2.0

// Package inflight bounds how many requests are with Jira at once, in all and fairly between owners.
package inflight

import (
	"strings"
	"sync"
	"time"
)

const (
	// patience is how long an owner that was refused counts as one who wants more: longer than the Retry-After that it
	// was told, so that it finds room when it comes again.
	patience = 3 * time.Second
	// maxOwners bounds those that are remembered for having been refused.
	maxOwners = 4096
)

// Limiter counts. Its zero value is ready, and it must not be copied.
type Limiter struct {
	mu     sync.Mutex
	total  int
	owners map[string]load // those that have or want something
	// pressed is until when somebody who was refused may come again. Until then nobody gets beyond its share; at all other
	// times anybody may have everything.
	pressed time.Time
}

type load struct {
	held  int
	wants time.Time // until when it counts as refused; zero: it was not
}

// Take asks for a place among most for one of an owner's requests; give it back with Release if it is granted. Of two
// that want more than there is, the one that has more than its share, which is an equal part for each, is refused.
func (l *Limiter) Take(owner string, most int, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.owners[owner]
	if l.total >= most || now.Before(l.pressed) && l.beyondShare(owner, own, most, now) {
		l.refuse(owner, own, now)
		return false
	}
	own.held++
	l.total++
	if own.held == 1 {
		own.wants = time.Time{} // it has come again
	}
	l.put(owner, own)
	return true
}

// beyondShare tells whether another owner who was refused has less than its share, and this one has all of it.
func (l *Limiter) beyondShare(owner string, own load, most int, now time.Time) bool {
	asking := 0
	for other, has := range l.owners {
		if other == owner || has.held > 0 || now.Before(has.wants) {
			asking++
		}
	}
	if _, known := l.owners[owner]; !known {
		asking++
	}
	share := max(most/asking, 1)
	if own.held < share {
		return false
	}
	for other, has := range l.owners {
		if other != owner && now.Before(has.wants) && has.held < share {
			return true
		}
	}
	return false
}

func (l *Limiter) refuse(owner string, own load, now time.Time) {
	if len(l.owners) >= maxOwners && own == (load{}) {
		l.forget(now)
	}
	if len(l.owners) >= maxOwners && own == (load{}) {
		return
	}
	if own == (load{}) {
		owner = strings.Clone(owner) // the caller's may be a part of a whole table, and this outlives the request
	}
	own.wants = now.Add(patience)
	l.pressed = own.wants
	l.put(owner, own)
}

func (l *Limiter) put(owner string, own load) {
	if l.owners == nil {
		l.owners = map[string]load{}
	}
	l.owners[owner] = own
}

func (l *Limiter) forget(now time.Time) {
	for owner, has := range l.owners {
		if has.held == 0 && !now.Before(has.wants) {
			delete(l.owners, owner)
		}
	}
}

// Release gives a place back.
func (l *Limiter) Release(owner string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.owners[owner]
	own.held--
	l.total--
	if own.held > 0 || now.Before(own.wants) {
		l.put(owner, own)
		return
	}
	delete(l.owners, owner)
	if !now.Before(l.pressed) && len(l.owners) > l.total {
		l.forget(now)
	}
}

// Held is how many places are taken.
func (l *Limiter) Held() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}
