// SPDX-License-Identifier: Apache-2.0

package gateway

import "time"

const (
	// hurryEvery is the least time between an attempt and one that is made because Jira refused the token. It doubles each
	// time until a token lives to its regular renewal, up to hurryDoublings times: a client that goes on asking for what the
	// account can't have must not make Jira store a new token every few seconds.
	hurryEvery     = 5 * time.Second
	hurryDoublings = 6
	// retryFirst and retryMost are how long after a failed attempt there is another.
	retryFirst = 2 * time.Second
	retryMost  = 2 * time.Minute
	// retryAfterMost bounds what Jira, or what stands before it, can ask for: a page about maintenance may name hours.
	retryAfterMost = 10 * time.Minute
)

// renewal says when the next attempt is due. It knows no clock.
type renewal struct {
	last, next time.Time
	failures   int
	hurried    int  // renewals in a row that a refusal brought forward
	hurrying   bool // so is the next one
}

// succeeded plans the renewal at four fifths of the token's life. The fraction, from 0 to 1, keeps replicas apart: it
// shifts that by a twentieth at most.
func (r *renewal) succeeded(began time.Time, lifetime time.Duration, fraction float64) {
	if r.failures, r.last = 0, began; r.hurrying {
		r.hurried++
	} else {
		r.hurried = 0
	}
	r.hurrying = false
	r.next = began.Add(time.Duration(float64(lifetime) * (0.75 + 0.1*fraction)))
	if soonest := began.Add(time.Second); r.next.Before(soonest) {
		r.next = soonest
	}
}

// failed plans another attempt: each time later, and not before Jira wants it.
func (r *renewal) failed(now time.Time, retryAfter time.Duration, fraction float64) {
	wait := min(retryFirst<<min(r.failures, 10), retryMost)
	r.failures, r.last = r.failures+1, now
	r.next = now.Add(max(time.Duration(float64(wait)*(0.75+0.5*fraction)), min(retryAfter, retryAfterMost)))
}

// hurry brings the next attempt forward. While attempts fail, their pauses stand.
func (r *renewal) hurry() {
	soon := r.last.Add(hurryEvery << min(r.hurried, hurryDoublings))
	if r.failures == 0 && soon.Before(r.next) {
		r.next, r.hurrying = soon, true
	}
}
