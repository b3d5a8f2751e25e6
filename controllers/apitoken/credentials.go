// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"bytes"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// applyTo puts what the verdict says into a credential; its identity and age stay.
func (v *verdict) applyTo(c *grant.Credential) {
	c.State, c.BlockedReason = v.state, v.blockedReason
	if v.invalid {
		return
	}
	c.DeclaredAt, c.DeclaredExpiry = v.declaredAt, v.declaredExpiry
	c.ExpiresAt = v.expiresAt
	c.Grant = v.grant
}

// updateSlots writes the verdict into the slots' Secrets where they differ. An undecodable slot grants nothing and is
// left for deleteSurplus.
func (r *Reconciler) updateSlots(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, slots []slot) error {
	for i := range slots {
		if err := r.updateSlot(ctx, t, v, &slots[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reconciler) updateSlot(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, s *slot) error {
	if s.credential == nil || v.untouched {
		return nil
	}
	wanted := *s.credential
	v.applyTo(&wanted)
	data, err := grant.Encode(&wanted)
	if err != nil {
		return fmt.Errorf("encode credential: %w", err)
	}
	content := map[string][]byte{grant.DataKey: data}
	key := t.Namespace + "/" + t.Name
	if bytes.Equal(s.secret.Data[grant.DataKey], data) && labelsInOrder(s.secret, hashSecretLabels(t)) &&
		s.secret.Annotations[annotationToken] == key {
		return nil
	}
	changed := s.secret.DeepCopy()
	repair(changed, content, hashSecretLabels(t))
	if changed.Annotations == nil {
		changed.Annotations = map[string]string{}
	}
	changed.Annotations[annotationToken] = key
	err = r.Client.Update(ctx, changed) // conditional on the UID and resourceVersion that were read
	if apierrors.IsNotFound(err) {      // the cache is behind
		err = apierrors.NewConflict(corev1.Resource("secrets"), changed.Name, err)
	}
	if err != nil {
		return fmt.Errorf("update hash Secret %s: %w", client.ObjectKeyFromObject(changed), err)
	}
	s.secret, s.credential = changed, new(wanted)
	return nil
}
