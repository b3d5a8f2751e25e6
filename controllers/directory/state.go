// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/controllers/perpolicy"
)

const (
	// firstBackoff is how long after a first failure Jira is tried again.
	firstBackoff = 5 * time.Second
)

// state is what a manager remembers of one policy. It is lost with the process; then all is read anew.
type state struct {
	policy types.UID
	// source is what Jira was last read with.
	source string
	// attempts are the refreshes so far, failures those that failed in a row.
	attempts, failures int
	// last is when the last refresh began, next when the next one is due.
	last, next time.Time
	// staleAt is when something that is kept becomes stale by maxStaleness; zero: nothing will.
	staleAt      time.Time
	maxStaleness time.Duration
	// cleared: there is no directory that counts, and what there was of it is gone.
	cleared bool
	// unkept: what is read can't be kept at all; a person must act.
	unkept bool
	// trouble is what went wrong as a whole; nil: nothing did.
	trouble *problem
	// unread says by folded name why single groups could not be read, and unseen the same of users. They are tried again
	// with the next refresh.
	unread, unseen map[string]error
	// stopped: Jira did not answer at all, or what it said could not be kept. Nothing is asked before the next refresh.
	stopped bool
}

// states are the states of all policies.
type states struct{ perpolicy.Memory[state] }

func (s *states) of(key types.NamespacedName, policy types.UID) *state {
	return s.Of(key, policy, func() *state {
		return &state{policy: policy, unread: map[string]error{}, unseen: map[string]error{}}
	})
}

// refreshDue tells whether all is to be read, and if not, when it is to be. A changed source is tried at once, but for a
// Secret that changes all the time.
func (s *state) refreshDue(now time.Time, source string) (bool, time.Time) {
	if s.attempts == 0 {
		return true, now
	}
	next := s.next
	if soon := s.last.Add(promptDelay); source != s.source && soon.Before(next) {
		next = soon
	}
	return !now.Before(next), next
}

// refreshed takes down how a refresh that began at a time has ended. One whose credential was refused is not tried again
// before its time: some more wrong passwords, and Jira locks the user out.
func (s *state) refreshed(began time.Time, source string, o *outcome, interval time.Duration) {
	s.attempts++
	s.source, s.last = source, began
	if !o.failed() {
		s.failures = 0
		s.next = began.Add(s.jittered(interval))
		return
	}
	s.failures++
	wait := interval
	if !o.refused() {
		wait = min(max(firstBackoff<<min(s.failures-1, 16), o.retryAfter), interval)
	}
	s.next = o.ended.Add(s.jittered(wait))
}

// hurry takes down that something that was missing could not be read: it is tried again soon, together with all else.
func (s *state) hurry(o *outcome) {
	s.failures++
	if soon := o.ended.Add(s.jittered(max(firstBackoff, o.retryAfter))); soon.Before(s.next) {
		s.next = soon
	}
}

func (s *state) jittered(d time.Duration) time.Duration {
	return perpolicy.Jittered(s.policy, s.attempts, d)
}
