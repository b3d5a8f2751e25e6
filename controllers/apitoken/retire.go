// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/tokenmetrics"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

const (
	// retiredKept is how long the hash Secret of a retired credential stays. The gateway refuses it by its own clock and can
	// tell its holder why; and a manager whose clock is ahead by less ends nothing early.
	retiredKept = time.Hour
	// abandonedAfter is the age at which a credential that was made to replace another one, and was never written into the
	// Secret, is nobody's: whoever made it has forgotten it by then.
	abandonedAfter = 5 * time.Minute
)

// fate is what becomes of a credential that is not the current one.
type fate int

const (
	keep fate = iota
	// retire: it ends at a time that its hash Secret does not say yet.
	retire
	// end: it is deleted.
	end
)

// fateOf decides on a slot beside the current one: what the current one did not replace with an overlap is surplus. written
// is when the Secret was written (or must have been, at the latest); fenced: by this very run, so that no other manager can
// still write a credential of its own.
func (r *rotation) fateOf(s, current *slot, now, written time.Time, fenced bool) (fate, time.Time) {
	if s.credential == nil || r.revoked(s.credential) {
		return end, time.Time{}
	}
	if !succeeds(current, s) {
		if !fenced && s.credential.RetireAt == nil && succeeds(s, current) && now.Sub(s.credential.IssuedAt) < abandonedAfter {
			return keep, time.Time{} // another manager may be about to write it
		}
		return end, time.Time{}
	}
	latest := now
	if written.Before(now) {
		latest = written
	}
	switch at := s.credential.RetireAt; {
	case at == nil:
		return retire, notAfter(latest.Add(r.overlap), s.credential.ExpiresAt)
	case !now.Before(at.Add(retiredKept)):
		return end, time.Time{}
	case at.After(now.Add(r.overlap)): // the overlap was shortened, or the clock went back
		return retire, now.Add(r.overlap)
	}
	return keep, time.Time{}
}

// succeeds tells whether a credential took the place of another that may be accepted beside it for a while.
func succeeds(s, other *slot) bool {
	return s.notes.Succession != nil && slices.Contains(s.notes.Succession.Slots, other.number)
}

func notAfter(at time.Time, bound *time.Time) time.Time {
	if bound != nil && bound.Before(at) {
		return *bound
	}
	return at
}

// settled tells whether nothing is to be done about any slot beside the current one.
func (r *rotation) settled(current *slot, slots []slot, now time.Time) bool {
	return !slices.ContainsFunc(slots, func(s slot) bool {
		if s.number == current.number {
			return false
		}
		f, _ := r.fateOf(&s, current, now, now, false)
		return f != keep || s.credential.RetireAt == nil
	})
}

// settleOthers does what is to be done about the slots beside the current one, and returns those that are left.
func (r *Reconciler) settleOthers(
	ctx context.Context, t *v1alpha1.ApiToken, v *verdict, slots []slot, current *slot, fenced bool,
) ([]slot, error) {
	now := r.Clock.Now()
	written := current.credential.IssuedAt.Add(pendingFor) // at the latest: the overlap that was promised counts from there
	if fenced {
		written = now
	}
	left := make([]slot, 0, len(slots))
	for i := range slots {
		s := &slots[i]
		if s.number == current.number {
			left = append(left, *current)
			continue
		}
		f, at := v.rotation.fateOf(s, current, now, written, fenced)
		var err error
		switch f {
		case keep:
		case end:
			err = r.deleteSlot(ctx, s.secret, exactly(s.secret))
		case retire:
			err = r.retireSlot(ctx, t, s, current, at.UTC().Truncate(time.Second))
		}
		if err != nil {
			return nil, err
		}
		if f == end {
			continue
		}
		left = append(left, *s)
		if s.credential.RetireAt == nil {
			v.look(s.credential.IssuedAt.Add(abandonedAfter))
		}
	}
	return left, nil
}

// settleFormer does what is to be done about the slots beside the one that the Secret of an earlier name holds: whatever
// keeps the wanted one from being written keeps nothing alive.
func (r *Reconciler) settleFormer(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, slots []slot) error {
	current, _, err := r.newestHeld(ctx, t, slots)
	if err != nil || current == nil {
		return err
	}
	_, err = r.settleOthers(ctx, t, v, slots, current, false)
	return err
}

// retireSlot writes down when a replaced credential ends, so that the gateway ends it by its own clock.
func (r *Reconciler) retireSlot(ctx context.Context, t *v1alpha1.ApiToken, s, current *slot, at time.Time) error {
	first := s.credential.RetireAt == nil
	retired := *s.credential
	retired.RetireAt = &at
	if _, err := r.writeSlot(ctx, t, s, &retired, s.notes); err != nil {
		return err
	}
	if first {
		r.recordRotation(t, tokenmetrics.Cause(current.notes.Succession.Cause), s.credential.ID, current.credential.ID, at)
	}
	return nil
}

// dropRetired deletes the retired credentials of a token that may have no new one now, and the Secrets of earlier names. The
// slot that remembers the declaration stays.
func (r *Reconciler) dropRetired(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, slots []slot) ([]slot, error) {
	replaced := slices.ContainsFunc(slots, func(s slot) bool { return s.credential != nil && s.credential.RetireAt != nil })
	if !replaced || v.untouched || t.Spec.TokenHash != "" {
		return slots, nil
	}
	now, latest := r.Clock.Now(), latestSlot(slots)
	var left []slot
	for i := range slots {
		s := &slots[i]
		if s == latest || s.credential == nil || s.credential.RetireAt == nil || now.Before(s.credential.RetireAt.Add(retiredKept)) {
			left = append(left, *s)
			continue
		}
		if err := r.deleteSlot(ctx, s.secret, exactly(s.secret)); err != nil {
			return nil, err
		}
	}
	return left, r.deleteTokenSecrets(ctx, t, namedOrHolding(t.SecretName(), left, now), nil)
}

// namedOrHolding tells whether a token Secret, as the cache has it, is to stay: it has the name, or holds a credential that
// is still accepted.
func namedOrHolding(name string, slots []slot, now time.Time) func(*corev1.Secret) bool {
	return func(secret *corev1.Secret) bool {
		return secret.Name == name || slices.ContainsFunc(slots, func(s slot) bool {
			return s.credential != nil && !isRetired(s.credential, now) && holds(secret, s.credential.Hash)
		})
	}
}

func isRetired(c *grant.Credential, now time.Time) bool {
	return c.RetireAt != nil && !now.Before(*c.RetireAt)
}

// untilRetired is how long it is until a replaced credential is not accepted any more, or its hash Secret goes; 0: never.
func untilRetired(c *grant.Credential, now time.Time) time.Duration {
	switch {
	case c == nil || c.RetireAt == nil:
		return 0
	case now.Before(*c.RetireAt):
		return c.RetireAt.Sub(now)
	}
	return max(c.RetireAt.Add(retiredKept).Sub(now), 0)
}
