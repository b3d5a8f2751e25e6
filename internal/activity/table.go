// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
	"unique"

	"github.com/google/uuid"
)

const (
	tableShards = 32
	// maxTokens bounds the tokens that a table holds: more than a gateway is made for.
	maxTokens = 1 << 17

	// Interval is how often the use of a token is reported that is used all the time.
	Interval = 10 * time.Minute
	// firstDelay is how long the first use after a pause waits for others to be reported with it.
	firstDelay = 20 * time.Second
	// unknownRetry is how long a use waits that the manager knows no token for, and unknownPatience for how long it is reported
	// again: the manager may not have heard of the token yet.
	unknownRetry    = 30 * time.Second
	unknownPatience = 5 * time.Minute
)

// Table counts what tokens are used for until that is reported. Its entries are flat and hold no pointers, but for the names of
// programs, which lie beside them and are shared: 100,000 tokens must not show in the garbage collector's work. It is safe for
// concurrent use.
type Table struct {
	shards  [tableShards]shard
	reasons reasonNames
	numbers atomic.Int64
	lost    atomic.Int64
	hurry   atomic.Bool
}

type shard struct {
	mu      sync.Mutex
	index   map[uuid.UUID]int32
	entries []entry
	agents  []unique.Handle[string] // of the entries
	free    []int32
}

// entry is what is known of one token. Times are in Unix nanoseconds, but for those that are reported.
type entry struct {
	token     uuid.UUID
	used      bool  // the entry is in use
	sending   bool  // a report of the token is on its way; what is counted meanwhile is for the next one
	since     int64 // of the first request that is not reported; 0: none is
	notBefore int64
	tried     int64 // when the manager last said that it could not be written; 0: it did not

	requests, lastUsed, lastRefused int64
	address                         [16]byte
	bits                            int16 // of the network, as of an IPv6 address; -1: none
	refusals                        [reasonsKept]uint32
}

// Seen is what is reported of a request, as exactly as the policy wants to know.
type Seen struct {
	// At is in Unix seconds.
	At      int64
	Address netip.Prefix
	// UserAgent may be a part of the request: it is copied if it is kept.
	UserAgent string
}

// NewTable makes an empty one.
func NewTable() *Table {
	t := &Table{}
	for i := range t.shards {
		t.shards[i].index = map[uuid.UUID]int32{}
	}
	return t
}

// Used counts a request with a token that was let through.
func (t *Table) Used(token string, seen Seen, now time.Time) {
	t.count(token, now, func(s *shard, i int32) {
		e := &s.entries[i]
		e.requests++
		if seen.At < e.lastUsed {
			return
		}
		e.lastUsed = seen.At
		e.setAddress(seen.Address)
		s.setAgent(i, seen.UserAgent)
	})
}

// Refused counts a request with a token that was refused.
func (t *Table) Refused(token, reason string, at int64, now time.Time) {
	n := t.reasons.number(reason)
	t.count(token, now, func(s *shard, i int32) {
		e := &s.entries[i]
		if e.refusals[n] < 1<<32-1 {
			e.refusals[n]++
		}
		e.lastRefused = max(e.lastRefused, at)
	})
}

// Lost is how many requests were not counted because there were too many tokens.
func (t *Table) Lost() int64 { return t.lost.Load() }

// Unreported is how many tokens have something to report.
func (t *Table) Unreported() (n int) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		for j := range s.entries {
			if s.entries[j].since != 0 || s.entries[j].sending {
				n++
			}
		}
		s.mu.Unlock()
	}
	return n
}

// Hurry has everything be due at once, from now on: the gateway is about to end.
func (t *Table) Hurry() { t.hurry.Store(true) }

// count calls add for a token's entry, with its shard locked. ApiTokens have UUIDs; others don't come from Kubernetes.
func (t *Table) count(token string, now time.Time, add func(*shard, int32)) {
	id, err := uuid.Parse(token)
	if err != nil {
		return
	}
	s := t.shardOf(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.entry(id)
	if !ok {
		t.lost.Add(1)
		return
	}
	if e := &s.entries[i]; e.since == 0 {
		e.since = now.UnixNano()
	}
	add(s, i)
}

func (t *Table) shardOf(id uuid.UUID) *shard { return &t.shards[id[15]%tableShards] }

var none unique.Handle[string]

// entry finds or makes a token's.
func (s *shard) entry(id uuid.UUID) (i int32, ok bool) {
	if i, ok = s.index[id]; ok {
		return i, true
	}
	switch {
	case len(s.free) > 0:
		i = s.free[len(s.free)-1]
		s.free = s.free[:len(s.free)-1]
	case len(s.entries) < maxTokens/tableShards:
		i = int32(len(s.entries)) //nolint:gosec // bounded
		s.entries, s.agents = append(s.entries, entry{}), append(s.agents, none)
	default:
		return 0, false
	}
	s.entries[i] = entry{token: id, used: true, bits: -1}
	s.index[id] = i
	return i, true
}

func (s *shard) remove(i int32) {
	delete(s.index, s.entries[i].token)
	s.entries[i], s.agents[i] = entry{}, none
	s.free = append(s.free, i)
}

func (s *shard) setAgent(i int32, agent string) {
	if s.agents[i] == none || s.agents[i].Value() != agent {
		s.agents[i] = unique.Make(agent) // which copies
	}
}

func (e *entry) setAddress(network netip.Prefix) {
	if !network.IsValid() {
		e.bits = -1
		return
	}
	e.address, e.bits = network.Addr().As16(), int16(network.Bits()) //nolint:gosec // at most 128
	if network.Addr().Is4() {
		e.bits += 96
	}
}

func (e *entry) network() netip.Prefix {
	if e.bits < 0 {
		return netip.Prefix{}
	}
	address, bits := netip.AddrFrom16(e.address), int(e.bits)
	if address.Is4In6() {
		address, bits = address.Unmap(), bits-96
	}
	return netip.PrefixFrom(address, bits)
}
