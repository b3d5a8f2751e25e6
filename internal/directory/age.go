// SPDX-License-Identifier: Apache-2.0

package directory

import "time"

// Stale tells whether what Jira confirmed at a time does not count, or not any more. What was confirmed in a far future,
// before a clock was put right, is no better than what is old.
func Stale(confirmed, now time.Time, limit time.Duration) bool {
	return confirmed.IsZero() || now.Sub(confirmed).Abs() > limit
}

// StaleAt is the next time at which anything becomes stale that is not stale now; zero: nothing will.
func (s *Snapshot) StaleAt(now time.Time, limit time.Duration) time.Time {
	oldest := time.Time{}
	s.times(func(at time.Time) {
		if !Stale(at, now, limit) && (oldest.IsZero() || at.Before(oldest)) {
			oldest = at
		}
	})
	if oldest.IsZero() {
		return oldest
	}
	return oldest.Add(limit)
}

// OldestAt is when what was confirmed least recently was confirmed; zero: nothing is known.
func (s *Snapshot) OldestAt() time.Time {
	oldest := time.Time{}
	s.times(func(at time.Time) {
		if oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	})
	return oldest
}

// AnyStale tells whether anything is stale.
func (s *Snapshot) AnyStale(now time.Time, limit time.Duration) (stale bool) {
	s.times(func(at time.Time) { stale = stale || Stale(at, now, limit) })
	return stale
}

// LossDueAt is the next time at which a held loss is to be applied; zero: none is held.
func (s *Snapshot) LossDueAt(hold Hold) time.Time {
	next := time.Time{}
	if s == nil {
		return next
	}
	for _, g := range s.Groups {
		if g.Held == nil {
			continue
		}
		if due := g.Held.DueAt(hold); next.IsZero() || due.Before(next) {
			next = due
		}
	}
	return next
}

// times calls a function with every time of confirmation.
func (s *Snapshot) times(each func(time.Time)) {
	if s == nil {
		return
	}
	for _, g := range s.Groups {
		each(g.SyncedAt)
	}
	for _, u := range s.Users {
		each(u.CheckedAt)
	}
}
