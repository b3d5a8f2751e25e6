// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// errSecretConflict: a Secret of the wanted name is somebody else's.
var errSecretConflict = errors.New("the Secret belongs to somebody else")

// ensureCredential sees to it that the token Secret holds the token of exactly one slot, and returns all slots that
// are left, the current one last. It trusts the cache only to say that nothing has to be done.
func (r *Reconciler) ensureCredential(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, cached []slot) ([]slot, error) {
	if done, err := r.alreadyIssued(ctx, t, v, cached); err != nil || done {
		return cached, err
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
		return slots, errSecretConflict
	}
	current, ok := matchingSlot(slots, secret)
	if ok {
		err = r.repairTokenSecret(ctx, t, v, secret)
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
	if len(slots) != 1 || slots[0].credential == nil || !isOurs(&secret, t) {
		return false, nil
	}
	hash := slots[0].credential.Hash
	data := tokenSecretData("", t, v.publicURL)
	delete(data, keyToken)
	delete(data, keyPassword)
	text, _ := hash.MarshalText() // never fails
	return hashInSecret(&secret) == hash && bytes.Equal(secret.Data[keyPassword], text) &&
		inOrder(&secret, data, tokenSecretLabels(t)), nil
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
	hash := token.HashOf(string(secret.Data[keyToken]))
	for _, s := range slots {
		if s.credential != nil && s.credential.Hash == hash && s.credential.RetireAt == nil {
			return s, true
		}
	}
	return slot{}, false
}

// mint makes a new credential: first its slot, then the Secret.
func (r *Reconciler) mint(
	ctx context.Context, t *v1alpha1.ApiToken, v *verdict, slots []slot, secret *corev1.Secret,
) (slot, error) {
	plaintext, err := token.Generate(r.Random)
	if err != nil {
		return slot{}, err
	}
	s := slot{number: nextNumber(slots), credential: &grant.Credential{
		ID: plaintext.ID(), Hash: plaintext.Hash(), IssuedAt: r.Clock.Now().UTC().Truncate(time.Second),
		Token: grant.TokenReference{Namespace: t.Namespace, Name: t.Name, UID: t.UID},
	}}
	v.applyTo(s.credential)
	if s.secret, err = newHashSecret(t, s.number, s.credential); err != nil {
		return slot{}, err
	}
	if err := r.Client.Create(ctx, s.secret); err != nil {
		return slot{}, fmt.Errorf("create hash Secret %s: %w", client.ObjectKeyFromObject(s.secret), err)
	}
	data := tokenSecretData(plaintext.Reveal(), t, v.publicURL)
	if err := r.writeTokenSecret(ctx, t, secret, data); err != nil {
		return slot{}, err
	}
	r.eventIssued(t, s.credential.ID, len(slots) > 0)
	return s, nil
}

// writeTokenSecret creates the Secret, or changes exactly the one that was read.
func (r *Reconciler) writeTokenSecret(
	ctx context.Context, t *v1alpha1.ApiToken, secret *corev1.Secret, data map[string][]byte,
) error {
	var err error
	if secret == nil {
		err = r.Client.Create(ctx, newTokenSecret(t, data))
	} else {
		repair(secret, data, tokenSecretLabels(t))
		err = r.Client.Update(ctx, secret) // conditional: it carries the UID and resourceVersion that were read
	}
	if err != nil {
		return fmt.Errorf("write Secret %s/%s: %w", t.Namespace, t.SecretName(), err)
	}
	return nil
}

func (r *Reconciler) repairTokenSecret(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, secret *corev1.Secret) error {
	data := tokenSecretData(string(secret.Data[keyToken]), t, v.publicURL)
	if inOrder(secret, data, tokenSecretLabels(t)) {
		return nil // the cache was behind
	}
	return r.writeTokenSecret(ctx, t, secret, data)
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

// newHashSecret builds the Secret of one slot. It has no owner reference: the garbage collector deletes what is owned
// from another namespace.
func newHashSecret(t *v1alpha1.ApiToken, number int, c *grant.Credential) (*corev1.Secret, error) {
	data, err := grant.Encode(c)
	if err != nil {
		return nil, fmt.Errorf("encode credential: %w", err)
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:   string(t.Spec.PolicyRef.Namespace),
			Name:        slotName(t.UID, number),
			Labels:      hashSecretLabels(t),
			Annotations: map[string]string{annotationToken: t.Namespace + "/" + t.Name},
		},
		Type: v1alpha1.SecretTypeTokenHash,
		Data: map[string][]byte{grant.DataKey: data},
	}, nil
}

func hashSecretLabels(t *v1alpha1.ApiToken) map[string]string {
	return map[string]string{
		v1alpha1.LabelPolicy:           t.Spec.PolicyRef.Name,
		v1alpha1.LabelTokenUID:         string(t.UID),
		"app.kubernetes.io/managed-by": v1alpha1.ManagedBy,
		"app.kubernetes.io/component":  "token-hash",
	}
}
