// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// issue sees to the credential and the Secret. What stands in the way and is no fault of ours becomes the verdict.
func (r *Reconciler) issue(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, cached []slot) ([]slot, error) {
	ensure, stays := r.ensureCredential, namedOrHolding
	if v.claim.hash != nil {
		ensure, stays = r.accept, func(string, []slot, time.Time) func(*corev1.Secret) bool { return nil }
	}
	slots, err := ensure(ctx, t, v, cached)
	var conflict *conflictError
	var failed *writeError
	switch {
	case errors.As(err, &conflict):
		return cached, r.conflict(ctx, t, v, cached, conflict.secret)
	case errors.As(err, &failed) && !lostRace(err):
		return cached, r.secretRefused(ctx, t, v, cached, r.refusals.note(t.UID, r.Clock.Now(), failed))
	case err != nil:
		return nil, err
	case v.refused:
		return slots, nil // a refusal that is still to be waited for
	}
	r.refusals.forget(t.UID)
	if v.binding == "" && v.claim.hash == nil {
		v.binding = t.SecretName()
	}
	return slots, r.deleteTokenSecrets(ctx, t, stays(t.SecretName(), slots, r.Clock.Now()), nil) // those of an earlier name
}

// ensureCredential sees to it that the token Secret holds the token of one slot, that this one is replaced when it is due, and
// that all others retire or end. It returns the slots that are left. It trusts the cache only to say that nothing has to be
// done.
func (r *Reconciler) ensureCredential(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, cached []slot) ([]slot, error) {
	done, due, err := r.alreadyIssued(ctx, t, v, cached)
	if err != nil || (done && (!due || r.holdBack(t, v))) {
		return cached, err
	}
	if last, waiting := r.refusals.last(t.UID, r.Clock.Now()); waiting {
		return cached, r.secretRefused(ctx, t, v, cached, last)
	}
	slots, err := r.liveSlots(ctx, t, cached)
	if err != nil {
		return nil, err
	}
	// The slots are read before the Secret: then a slot that this Secret does not match belongs to nobody who could
	// still write it into the Secret, because that write is conditional on the Secret being unchanged.
	secret, err := r.liveTokenSecret(ctx, t)
	if err != nil {
		return nil, err
	}
	if secret != nil && !isOurs(secret, t) {
		if err := r.settleFormer(ctx, t, v, slots); err != nil {
			return nil, err
		}
		return nil, &conflictError{secret}
	}
	current, cause, err := r.replaceable(ctx, t, v, slots, secret)
	if err != nil {
		return nil, err
	}
	switch {
	case current == nil, v.rotation.ended(current.credential, r.Clock.Now()):
		return r.mint(ctx, t, v, slots, secret, current)
	case cause != "":
		return r.rotate(ctx, t, v, &rotating{slots: slots, cached: cached, current: current, secret: secret, cause: cause})
	case v.binding != "": // it stays in the Secret of an earlier name
		return r.settleOthers(ctx, t, v, slots, current, false)
	}
	if err := r.repairTokenSecret(ctx, t, v, secret, current); err != nil {
		return nil, err
	}
	if slots, err = r.dropBegun(ctx, t, slots, current); err != nil {
		return nil, err
	}
	return r.settleOthers(ctx, t, v, slots, current, false)
}

// alreadyIssued tells whether, as far as the cache knows, the Secret matches one slot in everything, and nothing is to be done
// about the others; and whether that one is due to be replaced, with an overlap.
func (r *Reconciler) alreadyIssued(
	ctx context.Context, t *v1alpha1.ApiToken, v *verdict, slots []slot,
) (done, due bool, err error) {
	var secret corev1.Secret
	if err := r.Client.Get(ctx, types.NamespacedName{Namespace: t.Namespace, Name: t.SecretName()}, &secret); err != nil {
		return false, false, client.IgnoreNotFound(err)
	}
	now := r.Clock.Now()
	for i := range slots {
		current := &slots[i]
		if current.credential == nil || current.credential.RetireAt != nil || !holds(&secret, current.credential.Hash) {
			continue
		}
		_, due := v.rotation.due(current, slots, now)
		return !v.rotation.ended(current.credential, now) && v.rotation.settled(current, slots, now) && isOurs(&secret, t) &&
			cachedInOrder(&secret, current, t, v.publicURL), due, nil
	}
	return false, false, nil
}

func matchingSlot(slots []slot, secret *corev1.Secret) (slot, bool) {
	if secret == nil {
		return slot{}, false
	}
	return slotWith(slots, token.HashOf(string(secret.Data[keyToken])))
}

// mint makes a new credential: first its slot, then the Secret, then it ends all others. replaced is the one that the policy
// has ended; nil: the Secret did not hold any.
func (r *Reconciler) mint(
	ctx context.Context, t *v1alpha1.ApiToken, v *verdict, slots []slot, secret *corev1.Secret, replaced *slot,
) ([]slot, error) {
	if err := r.confirm(ctx, t); err != nil {
		return nil, err
	}
	plaintext, err := token.Generate(r.Random)
	if err != nil {
		return nil, err
	}
	s := r.newSlot(t, v, slots, nextNumber(slots), plaintext.ID(), plaintext.Hash())
	if err := r.createSlot(ctx, t, &s); err != nil {
		return nil, err
	}
	data := tokenSecretData(plaintext.Reveal(), t, v.publicURL)
	if err := r.writeTokenSecret(ctx, t, secret, data, &s); err != nil {
		// Nobody else knows the plaintext, and the next attempt would leave another slot. If the write was made all the
		// same, the Secret matches no slot and is issued anew.
		return nil, errors.Join(err, r.deleteSlot(ctx, s.secret, sameObject(s.secret)))
	}
	v.binding = t.SecretName()
	r.pendings.forget(t.UID) // what was begun can't be finished any more
	if replaced != nil {
		cause, _ := v.rotation.due(replaced, slots, r.Clock.Now())
		r.recordRotation(t, cause, replaced.credential.ID, s.credential.ID, time.Time{})
	} else {
		r.eventIssued(t, s.credential.ID)
	}
	return []slot{s}, r.deleteSurplus(ctx, slots, s)
}

func (r *Reconciler) deleteSurplus(ctx context.Context, slots []slot, current slot) error {
	for _, s := range slots {
		if s.number == current.number {
			continue
		}
		if err := r.deleteSlot(ctx, s.secret, exactly(s.secret)); err != nil {
			return err
		}
	}
	return nil
}
