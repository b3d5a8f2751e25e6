// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"time"

	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// look has the token looked at anew at a time; the zero time: not for this.
func (v *verdict) look(at time.Time) {
	if !at.IsZero() {
		v.looks = append(v.looks, at)
	}
}

// rotate says when the credential is replaced, or, if it was made elsewhere, blocked.
func (v *verdict) rotate(s *situation, decision *policy.Decision) {
	if v.claim.Request.TokenHash {
		v.ageHash(s, decision.MaxCredentialAge)
		return
	}
	v.rotation = newRotation(s.token, v.claim.rotation, decision.MaxCredentialAge, v.rotation.revokedBefore)
}

// nextLook says when time alone may change the verdict; 0: never.
func (r *Reconciler) nextLook(v *verdict, slots []slot) time.Duration {
	next, now := v.within, r.Clock.Now()
	sooner := func(d time.Duration) {
		if next == 0 || d < next {
			next = max(d, time.Millisecond)
		}
	}
	if v.retryAfter > 0 {
		sooner(v.retryAfter)
	}
	for _, at := range v.looks {
		if at.After(now) {
			sooner(at.Sub(now))
		}
	}
	for i := range slots {
		if d := untilRetired(slots[i].credential, now); d > 0 {
			sooner(d)
		}
	}
	if current := latestSlot(slots); v.issue && current != nil {
		if at := v.rotation.next(current, slots, now); at.After(now) {
			sooner(at.Sub(now))
		}
	}
	if !v.expiry.next(now).IsZero() {
		sooner(v.expiry.next(now).Sub(now))
	}
	return next
}
