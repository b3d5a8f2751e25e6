// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/internal/precision"
)

// Taken is a use that is on its way to the manager.
type Taken struct {
	Use

	token uuid.UUID
	held  entry
	// unsure: it may be written already, so that it can only be told as it is.
	unsure bool
}

// MayBeWritten says that a report of the use was sent and nobody knows what became of it.
func (t *Taken) MayBeWritten() { t.unsure = true }

// Wait says for how long the use has been waiting by now.
func (t *Taken) Wait(now time.Time) { t.Waiting = max(int64(now.Sub(t.began())/time.Second), 0) }

func (t *Taken) began() time.Time { return time.Unix(0, t.held.since) }

// Take takes out what is due, at most so many tokens, those that have waited longest first, be it for another attempt: some may
// never be written, and must not keep others out of each report. Nothing more of these tokens is taken until Return says what
// became of it.
func (t *Table) Take(most int, now time.Time) []Taken {
	type due struct {
		token uuid.UUID
		since int64
	}
	var all []due
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		for j := range s.entries {
			e := &s.entries[j]
			switch {
			case t.isDue(e, now):
				all = append(all, due{e.token, max(e.since, e.tried)})
			case e.idle(now):
				s.remove(int32(j))
			}
		}
		s.mu.Unlock()
	}
	slices.SortFunc(all, func(a, b due) int { return cmp.Compare(a.since, b.since) })
	all = all[:min(len(all), most)]
	taken := make([]Taken, 0, len(all))
	for _, d := range all {
		if one, ok := t.take(d.token, now); ok {
			taken = append(taken, one)
		}
	}
	return taken
}

func (t *Table) isDue(e *entry, now time.Time) bool {
	if e.since == 0 || e.sending {
		return false
	}
	at := now.UnixNano()
	return t.hurry.Load() || at >= e.notBefore && at >= e.since+int64(firstDelay)
}

// idle tells whether an entry has nothing to remember.
func (e *entry) idle(now time.Time) bool {
	return e.used && e.since == 0 && !e.sending && now.UnixNano() >= e.notBefore
}

func (t *Table) take(id uuid.UUID, now time.Time) (Taken, bool) {
	s := t.shardOf(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.index[id]
	if !ok || s.entries[i].since == 0 || s.entries[i].sending {
		return Taken{}, false
	}
	e := &s.entries[i]
	out := Taken{token: id, held: *e, Use: Use{
		Token: types.UID(id.String()), Number: t.numbers.Add(1), Requests: e.requests,
		LastUsed: e.lastUsed, LastRefused: e.lastRefused, Refusals: t.reasons.list(&e.refusals),
	}}
	if e.lastUsed != 0 {
		out.Address = precision.Text(e.network())
		if s.agents[i] != none {
			out.UserAgent = s.agents[i].Value()
		}
	}
	out.Wait(now)
	*e = entry{token: id, used: true, sending: true, notBefore: e.notBefore, bits: -1}
	s.agents[i] = none
	return out, true
}

// Return says what became of a use that was taken. What was not written is there to be taken again, with what came since, under
// another number. If it may have been written it is not done: it must be reported again as it is, or it could count twice.
func (t *Table) Return(taken *Taken, result Result, now time.Time) (done bool) {
	lasting := result == Unknown && now.Sub(taken.began()) >= unknownPatience
	again := result == Later || result == Unsure || result == Unknown && !lasting
	if result == Unsure {
		taken.MayBeWritten()
	}
	if again && taken.unsure {
		return false
	}
	t.release(taken, result, again, now)
	return true
}

func (t *Table) release(taken *Taken, result Result, again bool, now time.Time) {
	s := t.shardOf(taken.token)
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.index[taken.token]
	if !ok {
		return
	}
	e := &s.entries[i]
	e.sending = false
	if !again {
		e.notBefore = now.Add(Interval).UnixNano()
		return
	}
	s.restore(i, taken)
	if result == Later {
		e.tried = now.UnixNano()
	}
	if result == Unknown {
		e.notBefore = now.Add(unknownRetry).UnixNano()
	}
}

func (s *shard) restore(i int32, taken *Taken) {
	e, held := &s.entries[i], &taken.held
	e.since = held.since
	e.requests += held.requests
	e.lastRefused = max(e.lastRefused, held.lastRefused)
	for n := range e.refusals {
		e.refusals[n] = uint32(min(uint64(e.refusals[n])+uint64(held.refusals[n]), math.MaxUint32))
	}
	if held.lastUsed > e.lastUsed {
		e.lastUsed, e.address, e.bits = held.lastUsed, held.address, held.bits
		s.setAgent(i, taken.UserAgent)
	}
}
