// SPDX-License-Identifier: Apache-2.0

package stored

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// orphanAge is when a shard that no index names is left over from a manager that was killed. A younger one may be
// about to be named.
const orphanAge = time.Hour

// deleteShards deletes what the index no longer names. What fails is left for Sweep.
func (s *Store) deleteShards(ctx context.Context, p *v1alpha1.TokenPolicy, names []string) {
	for _, name := range names {
		var secret corev1.Secret
		err := s.Live.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: name}, &secret)
		if err == nil && isOf(p, &secret) {
			err = s.delete(ctx, &secret)
		}
		if client.IgnoreNotFound(err) != nil {
			log.FromContext(ctx).Error(err, "an old Secret of the directory could not be deleted; it will be tried again", "secret", name)
		}
	}
}

// Sweep deletes shards that no index names: the manager was killed before it could name or delete them.
func (s *Store) Sweep(ctx context.Context, p *v1alpha1.TokenPolicy, now time.Time) error {
	all, err := s.list(ctx, p)
	if err != nil {
		return err
	}
	old := slices.DeleteFunc(all, func(secret *corev1.Secret) bool {
		return secret.Name == IndexName(p.Name) || now.Sub(secret.CreationTimestamp.Time) < orphanAge
	})
	if len(old) == 0 {
		return nil
	}
	index, err := getIndex(ctx, s.Live, p) // as it is now: no manager names a shard as old as these anew
	if err != nil || index == nil {
		return err
	}
	named, err := decodeIndex(p, index)
	if err != nil {
		return nil //nolint:nilerr // it will be written anew
	}
	for _, secret := range old {
		if slices.Contains(named.Shards, secret.Name) {
			continue
		}
		if err := s.delete(ctx, secret); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete Secret %s: %w", secret.Name, err)
		}
	}
	return nil
}

// Clear deletes all that is kept. Readers see the index go first.
func (s *Store) Clear(ctx context.Context, p *v1alpha1.TokenPolicy) error {
	all, err := s.list(ctx, p)
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b *corev1.Secret) int { return len(a.Name) - len(b.Name) })
	for _, secret := range all {
		if err := s.delete(ctx, secret); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete Secret %s: %w", secret.Name, err)
		}
	}
	return nil
}

// list lists the policy's Secrets from the cache; they must not be changed.
func (s *Store) list(ctx context.Context, p *v1alpha1.TokenPolicy) ([]*corev1.Secret, error) {
	var list corev1.SecretList
	err := s.Client.List(ctx, &list, client.InNamespace(p.Namespace), client.UnsafeDisableDeepCopy,
		client.MatchingLabels{v1alpha1.LabelPolicy: p.Name, resources.LabelComponent: component})
	if err != nil {
		return nil, fmt.Errorf("list Secrets: %w", err)
	}
	var own []*corev1.Secret
	for i := range list.Items {
		if isOf(p, &list.Items[i]) {
			own = append(own, &list.Items[i])
		}
	}
	return own, nil
}

func (s *Store) delete(ctx context.Context, secret *corev1.Secret) error {
	object := &corev1.Secret{}
	object.Namespace, object.Name = secret.Namespace, secret.Name
	return s.Client.Delete(ctx, object, client.Preconditions{UID: new(secret.UID)})
}
