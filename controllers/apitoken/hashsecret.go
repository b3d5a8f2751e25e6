// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// newSlot fills a slot that does not exist yet, as the verdict says.
func (r *Reconciler) newSlot(t *v1alpha1.ApiToken, v *verdict, slots []slot, number int, id string, hash token.Hash) slot {
	s := slot{number: number, credential: &grant.Credential{
		ID: id, Hash: hash, IssuedAt: r.Clock.Now().UTC().Truncate(time.Second),
		Token: grant.TokenReference{Namespace: t.Namespace, Name: t.Name, UID: t.UID},
	}}
	v.applyTo(s.credential)
	s.notes = v.notesAfter(notesOf(slots))
	s.notes.Succession = nil // unless it is said
	if asked := shortRequest(t.Annotations[v1alpha1.AnnotationRotateRequestedAt]); asked != "" {
		s.notes.RotationHandled = asked
	}
	return s
}

// createSlot writes its hash Secret, which must not exist.
func (r *Reconciler) createSlot(ctx context.Context, t *v1alpha1.ApiToken, s *slot) (err error) {
	if s.secret, err = newHashSecret(t, s.number, s.credential, &s.notes); err != nil {
		return err
	}
	if err := r.Client.Create(ctx, s.secret); err != nil {
		return newWriteError("create hash Secret "+client.ObjectKeyFromObject(s.secret).String(), err, "")
	}
	return nil
}

// newHashSecret builds the Secret of one slot. It has no owner reference: the garbage collector deletes what is owned
// from another namespace.
func newHashSecret(t *v1alpha1.ApiToken, number int, c *grant.Credential, notes *grant.Notes) (*corev1.Secret, error) {
	data, err := hashSecretData(c, notes)
	if err != nil {
		return nil, err
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:   string(t.Spec.PolicyRef.Namespace),
			Name:        slotName(t.UID, number),
			Labels:      hashSecretLabels(t),
			Annotations: map[string]string{annotationToken: t.Namespace + "/" + t.Name},
		},
		Type: v1alpha1.SecretTypeTokenHash,
		Data: data,
	}, nil
}

// hashSecretData is the credential, for the gateway, and the manager's notes.
func hashSecretData(c *grant.Credential, notes *grant.Notes) (map[string][]byte, error) {
	credential, err := grant.Encode(c)
	if err != nil {
		return nil, fmt.Errorf("encode credential: %w", err)
	}
	encodedNotes, err := grant.EncodeNotes(notes)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{grant.DataKey: credential, grant.NotesKey: encodedNotes}, nil
}

func hashSecretLabels(t *v1alpha1.ApiToken) map[string]string { return secretLabels(t, "token-hash") }
