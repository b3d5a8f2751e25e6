// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// errUnsettled: a write was made that the cache has to show before the next step.
var errUnsettled = errors.New("the cache is behind")

// notInForce is what the holder of a token is told whose credential is not, or no longer, the one that counts.
const notInForce = "the token is not in force yet, or another one was declared in its place"

// accept sees to the credential of a token that was made elsewhere: one slot with the declared hash, and no token Secret.
// The slot is created blocked, and nothing else is done until the cache shows it. Then the annotation is written, then
// the slot is let work, then every other one is deleted.
func (r *Reconciler) accept(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, cached []slot) ([]slot, error) {
	current, ok := slotOf(cached, *v.claim.hash)
	if !ok {
		return cached, r.reserve(ctx, t, v, cached)
	}
	if err := r.markAccepted(ctx, t, &current); err != nil {
		return nil, r.unprepared(ctx, t, v, cached, err)
	}
	if _, err := r.updateSlot(ctx, t, v, &current); err != nil {
		return nil, err
	}
	return []slot{current}, r.deleteSurplus(ctx, cached, current)
}

// reserve creates the slot.
func (r *Reconciler) reserve(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, cached []slot) error {
	if last, waiting := r.refusals.last(t.UID, r.Clock.Now()); waiting {
		return r.secretRefused(ctx, t, v, cached, last)
	}
	slots, err := r.liveSlots(ctx, t, cached)
	if err != nil {
		return err
	}
	if missed, ok := slotOf(slots, *v.claim.hash); ok {
		return r.showSlot(ctx, t, &missed)
	}
	number := max(nextNumber(slots), acceptanceOf(t).slot+1) // a number that was used is not used again
	s := r.newSlot(t, v, slots, number, v.claim.hash.DerivedID(), *v.claim.hash)
	s.credential.State, s.credential.BlockedReason = grant.Blocked, notInForce
	if err := r.createSlot(ctx, t, &s); err != nil {
		return err
	}
	return errUnsettled
}

// markAccepted writes down that the declared hash has a credential. From then on a missing one was deleted by somebody:
// none was ever in force before.
func (r *Reconciler) markAccepted(ctx context.Context, t *v1alpha1.ApiToken, s *slot) error {
	if isAccepted(t, s) {
		return nil
	}
	patch := client.MergeFromWithOptions(t.DeepCopy(), client.MergeFromWithOptimisticLock{})
	t.Annotations[annotationAccepted] = formatAcceptance(t, s) // there are some: prepare has been here
	if err := r.Client.Patch(ctx, t, patch); err != nil {
		return fmt.Errorf("write down the accepted hash: %w", err)
	}
	r.eventAccepted(t, s.credential.ID)
	return nil
}

// findAccepted looks at the API server for the slot of a hash that was accepted, if the cache does not have it: only what
// is really gone was deleted.
func (r *Reconciler) findAccepted(ctx context.Context, t *v1alpha1.ApiToken, cached []slot) error {
	hash, err := declaredHash(&t.Spec)
	if err != nil || hash == nil || acceptanceOf(t).id != hash.DerivedID() || !r.watchesPolicyOf(t) {
		return nil //nolint:nilerr // what is wrong with a hash, the claim says
	}
	if _, ok := slotOf(cached, *hash); ok || (len(cached) == 0 && saidBefore(t, v1alpha1.ReasonHashRevoked)) {
		return nil
	}
	slots, err := r.liveSlots(ctx, t, cached)
	if err != nil {
		return err
	}
	if missed, ok := slotOf(slots, *hash); ok {
		return r.showSlot(ctx, t, &missed)
	}
	return nil
}

// showSlot has the cache show a slot that it has missed: it is behind, or somebody took the slot's labels off. Until the
// cache shows it, nothing is known of others with its hash, so that one without labels is blocked.
func (r *Reconciler) showSlot(ctx context.Context, t *v1alpha1.ApiToken, s *slot) error {
	if !has(s.secret.Labels, hashSecretLabels(t)) {
		blocked := &verdict{state: grant.Blocked, blockedReason: notInForce, invalid: true}
		if _, err := r.updateSlot(ctx, t, blocked, s); err != nil {
			return err
		}
	}
	return errUnsettled
}

// endAll ends what a token must not have: its declared hash is not its own, or not any more, and no other was declared. What
// remembers which hashes have ended is only blocked: else a detour over another's hash would bring them back.
func (r *Reconciler) endAll(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, slots []slot) error {
	for i := range slots {
		s := &slots[i]
		if remembers := len(s.notes.EndedHashes) > 0; remembers && s.credential != nil && s.credential.Hash != *v.claim.hash {
			if _, err := r.updateSlot(ctx, t, v, s); err != nil {
				return err
			}
			continue
		}
		if err := r.deleteSlot(ctx, s.secret, sameObject(s.secret)); err != nil {
			return err
		}
	}
	return r.deleteTokenSecrets(ctx, t, nil, nil)
}
