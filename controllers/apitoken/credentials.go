// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// applyTo puts what the verdict says into a credential; its identity and age stay.
func (v *verdict) applyTo(c *grant.Credential) {
	c.State, c.BlockedReason = v.state, v.blockedReason
	if v.state == grant.Active && v.rotation.revoked(c) {
		c.State, c.BlockedReason = grant.Blocked, "the policy ended what was issued before "+
			v.rotation.revokedBefore.UTC().Format(time.RFC3339)+"; read the Secret again"
	}
	if v.invalid {
		return
	}
	c.DeclaredAt, c.DeclaredExpiry = v.claim.Request.DeclaredAt, v.claim.declaredExpiry
	c.ExpiresAt = v.claim.Request.ExpiresAt
	c.Grant = v.claim.Grant
}

// notesAfter is what is to be remembered of a token, given what was.
func (v *verdict) notesAfter(before grant.Notes) grant.Notes {
	after := v.notes
	if after.OwnerKey == "" {
		after.OwnerKey = before.OwnerKey
	}
	if after.Requester == nil {
		after.Requester = before.Requester
	}
	if after.Approved == nil {
		after.Approved = before.Approved
	}
	if len(after.EndedHashes) == 0 {
		after.EndedHashes = before.EndedHashes
	}
	after.RotationHandled, after.Succession = before.RotationHandled, before.Succession
	return after
}

// notesOf is what the latest credential remembers.
func notesOf(slots []slot) grant.Notes {
	if latest := latestSlot(slots); latest != nil {
		return latest.notes
	}
	return grant.Notes{}
}

// updateSlots writes the verdict into the slots' Secrets where they differ. An undecodable slot grants nothing and is
// left for deleteSurplus.
func (r *Reconciler) updateSlots(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, slots []slot) (wrote bool, err error) {
	for i := range slots {
		wroteOne, err := r.updateSlot(ctx, t, v, &slots[i])
		if err != nil {
			return wrote, err
		}
		wrote = wrote || wroteOne
	}
	return wrote, nil
}

func (r *Reconciler) updateSlot(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, s *slot) (wrote bool, err error) {
	if s.credential == nil || v.untouched {
		return false, nil
	}
	wanted, notes := *s.credential, v.notesAfter(s.notes)
	v.applyTo(&wanted)
	if t.Spec.TokenHash != "" {
		switch {
		case isAccepted(t, s):
			wanted.RetireAt = nil
		case wanted.State == grant.Active:
			wanted.State, wanted.BlockedReason = grant.Blocked, notInForce
		}
	}
	return r.writeSlot(ctx, t, s, &wanted, notes)
}

// writeSlot writes a slot's Secret where it differs.
func (r *Reconciler) writeSlot(
	ctx context.Context, t *v1alpha1.ApiToken, s *slot, wanted *grant.Credential, notes grant.Notes,
) (wrote bool, err error) {
	data, err := hashSecretData(wanted, &notes)
	if err != nil {
		return false, err
	}
	key, labels := t.Namespace+"/"+t.Name, hashSecretLabels(t)
	if holdsData(s.secret, data) && has(s.secret.Labels, labels) && s.secret.Annotations[annotationToken] == key {
		return false, nil
	}
	changed := s.secret.DeepCopy()
	putData(changed, data)
	changed.Labels = merged(changed.Labels, nil, labels)
	changed.Annotations = merged(changed.Annotations, nil, map[string]string{annotationToken: key})
	err = r.Client.Update(ctx, changed) // conditional on the UID and resourceVersion that were read
	if apierrors.IsNotFound(err) {      // the cache is behind
		err = apierrors.NewConflict(corev1.Resource("secrets"), changed.Name, err)
	}
	if err != nil {
		return false, fmt.Errorf("update hash Secret %s: %w", client.ObjectKeyFromObject(changed), err)
	}
	s.secret, s.credential, s.notes = changed, wanted, notes
	return true, nil
}
