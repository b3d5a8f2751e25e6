// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"time"
)

// checkCredentialAge refuses a token that was made elsewhere and has become too old. What the operator makes it replaces,
// which is no condition of the permission.
func (l *limits) checkCredentialAge(r *Request, f *findings) {
	if !r.TokenHash || l.maxCredentialAge == 0 || r.IssuedAt.IsZero() {
		return
	}
	if age := r.Now.Sub(r.IssuedAt); age >= l.maxCredentialAge {
		f.refuse("this spec.tokenHash was accepted at %s, its limits.maxCredentialAge is %s: make another token and declare its hash",
			r.IssuedAt.UTC().Format(time.RFC3339), FormatDuration(l.maxCredentialAge))
	}
}

// laxer is which of two rules lets a credential become older; the first, if they agree or the first is the only one. Rules are
// additive: what one permits without an end, another can't shorten.
func laxer(first, second *rule) *rule {
	switch {
	case first == nil:
		return second
	case first.limits.maxCredentialAge == 0:
		return first
	case second.limits.maxCredentialAge == 0, second.limits.maxCredentialAge > first.limits.maxCredentialAge:
		return second
	}
	return first
}

// RevokedBefore is the time before which a credential must have been issued to be ended by the policy, as things stand; the
// zero time: none is. A time that is still to come does not count yet.
func (p *Policy) RevokedBefore(now time.Time) time.Time {
	if p.revokeIssuedBefore.After(now) {
		return time.Time{}
	}
	return p.revokeIssuedBefore
}

// RevokesLater is when a time that is still to come will count; the zero time: there is none.
func (p *Policy) RevokesLater(now time.Time) time.Time {
	if !p.revokeIssuedBefore.After(now) {
		return time.Time{}
	}
	return p.revokeIssuedBefore
}

// NothingRevokedYet says that revokeIssuedBefore has ended nothing so far, since that time is still to come; empty: it does not.
func (p *Policy) NothingRevokedYet(now time.Time) string {
	later := p.RevokesLater(now)
	if later.IsZero() {
		return ""
	}
	return fmt.Sprintf("spec.revokeIssuedBefore counts from %s, which is still to come: nothing has been ended by it yet; set it "+
		"to the present time to end what there is now", later.UTC().Format(time.RFC3339))
}

// tooOld is for tokens that were made elsewhere: nobody can replace them but their holders.
func (p *Policy) tooOld(r *Request) string {
	cut := p.RevokedBefore(r.Now)
	switch {
	case !r.TokenHash:
		return ""
	case !r.IssuedAt.IsZero() && r.IssuedAt.Before(cut):
		return fmt.Sprintf("policy %s ends what was issued before %s (spec.revokeIssuedBefore), and this spec.tokenHash was accepted "+
			"at %s: make another token and declare its hash", p, cut.UTC().Format(time.RFC3339), r.IssuedAt.UTC().Format(time.RFC3339))
	case r.HashEnded:
		return fmt.Sprintf("policy %s has ended this spec.tokenHash by its spec.revokeIssuedBefore, which is for good: make another "+
			"token and declare its hash", p)
	}
	return ""
}
