// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// issue sees to the credential and the Secret. What stands in the way and is no fault of ours becomes the verdict.
func (r *Reconciler) issue(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, cached []slot) ([]slot, error) {
	ensure, secretName := r.ensureCredential, t.SecretName()
	if v.claim.hash != nil {
		ensure, secretName = r.accept, ""
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
	v.binding = secretName
	return slots, r.deleteTokenSecrets(ctx, t, secretName, nil) // those of an earlier name
}

// ensureCredential sees to it that the token Secret holds the token of exactly one slot, and returns all slots that
// are left, the current one last. It trusts the cache only to say that nothing has to be done.
func (r *Reconciler) ensureCredential(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, cached []slot) ([]slot, error) {
	if done, err := r.alreadyIssued(ctx, t, v, cached); err != nil || done {
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
		return nil, &conflictError{secret}
	}
	current, ok := matchingSlot(slots, secret)
	if ok {
		err = r.repairTokenSecret(ctx, t, v, secret, current.number)
	} else {
		current, err = r.mint(ctx, t, v, slots, secret)
	}
	if err != nil {
		return nil, err
	}
	return []slot{current}, r.deleteSurplus(ctx, slots, current)
}

// alreadyIssued tells whether, as far as the cache knows, there is one slot and the Secret matches it in everything.
func (r *Reconciler) alreadyIssued(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, slots []slot) (bool, error) {
	var secret corev1.Secret
	if err := r.Client.Get(ctx, types.NamespacedName{Namespace: t.Namespace, Name: t.SecretName()}, &secret); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	return len(slots) == 1 && slots[0].credential != nil && isOurs(&secret, t) &&
		cachedInOrder(&secret, slots[0], t, v.publicURL), nil
}

// liveTokenSecret reads the Secret of the wanted name from the API server; nil: there is none.
func (r *Reconciler) liveTokenSecret(ctx context.Context, t *v1alpha1.ApiToken) (*corev1.Secret, error) {
	var secret corev1.Secret
	err := r.Live.Get(ctx, types.NamespacedName{Namespace: t.Namespace, Name: t.SecretName()}, &secret)
	if apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // absence is a result, not an error
	}
	if err != nil {
		return nil, fmt.Errorf("read Secret %s/%s: %w", t.Namespace, t.SecretName(), err)
	}
	return &secret, nil
}

func matchingSlot(slots []slot, secret *corev1.Secret) (slot, bool) {
	if secret == nil {
		return slot{}, false
	}
	return slotWith(slots, token.HashOf(string(secret.Data[keyToken])))
}

// mint makes a new credential: first its slot, then the Secret.
func (r *Reconciler) mint(
	ctx context.Context, t *v1alpha1.ApiToken, v *verdict, slots []slot, secret *corev1.Secret,
) (slot, error) {
	plaintext, err := token.Generate(r.Random)
	if err != nil {
		return slot{}, err
	}
	s := r.newSlot(t, v, slots, nextNumber(slots), plaintext.ID(), plaintext.Hash())
	if err := r.createSlot(ctx, t, &s); err != nil {
		return slot{}, err
	}
	data := tokenSecretData(plaintext.Reveal(), t, v.publicURL)
	if err := r.writeTokenSecret(ctx, t, secret, data, s.number); err != nil {
		// Nobody else knows the plaintext, and the next attempt would leave another slot. If the write was made all the
		// same, the Secret matches no slot and is issued anew.
		return slot{}, errors.Join(err, r.deleteSlot(ctx, s.secret, sameObject(s.secret)))
	}
	r.eventIssued(t, s.credential.ID)
	return s, nil
}

// writeTokenSecret creates the Secret, or changes exactly the one that was read.
func (r *Reconciler) writeTokenSecret(
	ctx context.Context, t *v1alpha1.ApiToken, secret *corev1.Secret, data map[string][]byte, slotNumber int,
) error {
	var err error
	if secret == nil {
		err = r.Client.Create(ctx, newTokenSecret(t, data, slotNumber))
	} else {
		putData(secret, data)
		wantedMetadata(t, slotNumber).putOn(secret)
		err = r.Client.Update(ctx, secret) // conditional: it carries the UID and resourceVersion that were read
	}
	if err != nil {
		return newWriteError(fmt.Sprintf("write Secret %s/%s", t.Namespace, t.SecretName()), err, string(data[keyToken]))
	}
	return nil
}

func (r *Reconciler) repairTokenSecret(
	ctx context.Context, t *v1alpha1.ApiToken, v *verdict, secret *corev1.Secret, slotNumber int,
) error {
	data := tokenSecretData(string(secret.Data[keyToken]), t, v.publicURL)
	if holdsData(secret, data) && wantedMetadata(t, slotNumber).on(secret) {
		return nil // the cache was behind
	}
	return r.writeTokenSecret(ctx, t, secret, data, slotNumber)
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
