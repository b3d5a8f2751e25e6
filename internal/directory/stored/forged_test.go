// SPDX-License-Identifier: Apache-2.0

package stored_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory/stored"
)

// What somebody else has put there is not believed, and put right.
func TestForgedSecrets(t *testing.T) {
	for name, forge := range map[string]func(ctx context.Context, index *corev1.Secret, shards []*corev1.Secret) error{
		"a changed index": func(ctx context.Context, index *corev1.Secret, _ []*corev1.Secret) error {
			index.Data["index.json"] = append(index.Data["index.json"], ' ')
			return plane.Client.Update(ctx, index)
		},
		"an emptied index": func(ctx context.Context, index *corev1.Secret, _ []*corev1.Secret) error {
			index.Data = nil
			return plane.Client.Update(ctx, index)
		},
		"an index without its label": func(ctx context.Context, index *corev1.Secret, _ []*corev1.Secret) error {
			delete(index.Labels, v1alpha1.LabelPolicy)
			return plane.Client.Update(ctx, index)
		},
		"a shard that is gone": func(ctx context.Context, _ *corev1.Secret, shards []*corev1.Secret) error {
			return plane.Client.Delete(ctx, shards[0])
		},
		"a shard made anew with another content": func(ctx context.Context, _ *corev1.Secret, shards []*corev1.Secret) error {
			forged := shards[0].DeepCopy()
			forged.Data = map[string][]byte{"people.json.gz": []byte("forged")}
			if err := plane.Client.Update(ctx, forged); !apierrors.IsInvalid(err) {
				return fmt.Errorf("a shard can be changed in place: %w", err)
			}
			forged.ResourceVersion, forged.UID = "", ""
			return errors.Join(plane.Client.Delete(ctx, shards[0]), plane.Client.Create(ctx, forged))
		},
		"a shard that is not ours": func(ctx context.Context, _ *corev1.Secret, shards []*corev1.Secret) error {
			shards[0].OwnerReferences = nil
			return plane.Client.Update(ctx, shards[0])
		},
		"a shard without its label": func(ctx context.Context, _ *corev1.Secret, shards []*corev1.Secret) error {
			delete(shards[0].Labels, v1alpha1.LabelPolicy)
			return plane.Client.Update(ctx, shards[0])
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPolicy(t)
			good := people(noon, 10)
			must(t, save(t.Context(), newStore(plane.Client), p, good))
			running := stored.NewReader(plane.Client)
			if s, err := running.Of(t.Context(), p); err != nil || !reflect.DeepEqual(s, good) {
				t.Fatal(s, err)
			}
			all := secrets(t, p)
			index := all["jira-directory"]
			delete(all, index.Name)
			if intact, err := running.Intact(t.Context(), p); !intact || err != nil {
				t.Errorf("what was just saved is not intact: %v", err)
			}
			must(t, forge(t.Context(), index, slices.Collect(maps.Values(all))))
			if intact, err := running.Intact(t.Context(), p); intact || err != nil {
				t.Errorf("intact is %v, %v", intact, err)
			}
			if kept := afterRestart(t, p); kept.Snapshot != nil || kept.Damage == nil {
				t.Errorf("believed: %+v", kept)
			}
			if s, err := running.Of(t.Context(), p); err != nil || !reflect.DeepEqual(s, good) {
				t.Errorf("a manager that runs forgot what it knew: %v %v", s, err)
			}
			must(t, save(t.Context(), newStore(plane.Client), p, good))
			if kept := afterRestart(t, p); !reflect.DeepEqual(kept.Snapshot, good) {
				t.Errorf("not put right: %v", kept.Damage)
			}
		})
	}
}

func TestForeignIndex(t *testing.T) {
	p := newPolicy(t)
	must(t, save(t.Context(), newStore(plane.Client), p, people(noon, 10)))
	foreign := secrets(t, p)["jira-directory"]
	foreign.OwnerReferences = nil
	must(t, plane.Client.Update(t.Context(), foreign))
	var inTheWay *stored.ForeignError
	if _, err := newStore(plane.Client).Load(t.Context(), p); !errors.As(err, &inTheWay) || inTheWay.Name != "jira-directory" {
		t.Error(err)
	}
	if s, err := stored.NewReader(plane.Client).Of(t.Context(), p); s != nil || err != nil {
		t.Error("believed", s, err)
	}
}
