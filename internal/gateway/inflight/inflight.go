// SPDX-License-Identifier: Apache-2.0

// Package inflight bounds how many requests are with Jira at once, in all and fairly between those who ask.
package inflight

import (
	"strings"
	"sync"
	"time"
)

const (
	// patience is how long a party that was refused counts as one who wants more: longer than the Retry-After that it
	// was told, so that it finds room when it comes again.
	patience = 3 * time.Second
	// maxParties bounds those that are remembered for having been refused.
	maxParties = 4096
	// forgetEvery keeps a crowd that is refused from making all wait for a look at everybody with each request.
	forgetEvery = time.Second
)

// Party is who gets an equal part of the places: the owner of tokens, or, for requests that prove nobody's name, the
// network that they come from.
type Party struct {
	Owner   string
	Network [16]byte
}

// Limiter counts. Its zero value is ready, and it must not be copied.
type Limiter struct {
	mu      sync.Mutex
	total   int
	parties map[Party]load // those that have or want something
	// pressed is until when somebody who was refused may come again. Until then nobody gets beyond its share; at all other
	// times anybody may have nine tenths.
	pressed time.Time
	// forgetAt is when those that want nothing any more may be looked for again.
	forgetAt time.Time
}

type load struct {
	held  int
	wants time.Time // until when it counts as refused; zero: it was not
}

// Take asks for a place among most for one of a party's requests; give it back with Release if it is granted. Of two
// that want more than there is, the one that has more than its share, which is an equal part for each, is refused. A tenth
// is never one party's: places that it holds and does not give back, such as slow uploads, are no reason to refuse others.
func (l *Limiter) Take(who Party, most int, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.parties[who]
	if own.held > 0 && own.held >= most-most/10 {
		return false
	}
	if l.total >= most || now.Before(l.pressed) && l.beyondShare(who, own, most, now) {
		l.refuse(who, own, now)
		return false
	}
	own.held++
	l.total++
	if own.held == 1 {
		own.wants = time.Time{} // it has come again
	}
	l.put(who, own)
	return true
}

// beyondShare tells whether another party that was refused has less than its share, and this one has all of it.
func (l *Limiter) beyondShare(who Party, own load, most int, now time.Time) bool {
	if own.held == 0 { // a share is one at least: a crowd of newcomers costs no look at everybody
		return false
	}
	asking := 0
	for other, has := range l.parties {
		if other == who || has.held > 0 || now.Before(has.wants) {
			asking++
		}
	}
	share := max(most/asking, 1)
	if own.held < share {
		return false
	}
	for other, has := range l.parties {
		if other != who && now.Before(has.wants) && has.held < share {
			return true
		}
	}
	return false
}

func (l *Limiter) refuse(who Party, own load, now time.Time) {
	if len(l.parties) >= maxParties && own == (load{}) && !now.Before(l.forgetAt) {
		l.forget(now)
		l.forgetAt = now.Add(forgetEvery)
	}
	if len(l.parties) >= maxParties && own == (load{}) {
		return
	}
	if own == (load{}) {
		who.Owner = strings.Clone(who.Owner) // the caller's may be a part of a whole table, and this outlives the request
	}
	own.wants = now.Add(patience)
	l.pressed = own.wants
	l.put(who, own)
}

func (l *Limiter) put(who Party, own load) {
	if l.parties == nil {
		l.parties = map[Party]load{}
	}
	l.parties[who] = own
}

func (l *Limiter) forget(now time.Time) {
	for who, has := range l.parties {
		if has.held == 0 && !now.Before(has.wants) {
			delete(l.parties, who)
		}
	}
}

// Release gives a place back.
func (l *Limiter) Release(who Party, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.parties[who]
	own.held--
	l.total--
	if own.held > 0 || now.Before(own.wants) {
		l.put(who, own)
		return
	}
	delete(l.parties, who)
	if !now.Before(l.pressed) && len(l.parties) > l.total {
		l.forget(now)
	}
}

// Held is how many places are taken.
func (l *Limiter) Held() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}
