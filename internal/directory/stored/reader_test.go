// SPDX-License-Identifier: Apache-2.0

package stored_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory/stored"
)

// counting counts what is read of a cache.
type counting struct {
	client.Reader

	index, shards atomic.Int64
	fail          atomic.Bool
}

func (c *counting) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if c.fail.Load() {
		return errors.New("the API server is away")
	}
	if key.Name == "jira-directory" {
		c.index.Add(1)
	} else {
		c.shards.Add(1)
	}
	return c.Reader.Get(ctx, key, o, opts...)
}

// newCache is a cache like the manager's.
func newCache(t *testing.T) cache.Cache {
	t.Helper()
	labelled, err := labels.NewRequirement(v1alpha1.LabelPolicy, selection.Exists, nil)
	must(t, err)
	c, err := cache.New(plane.Config, cache.Options{Scheme: plane.Scheme, ByObject: map[client.Object]cache.ByObject{
		&corev1.Secret{}: {Label: labels.NewSelector().Add(*labelled)},
	}})
	must(t, err)
	_, err = c.GetInformer(t.Context(), &corev1.Secret{}, cache.BlockUntilSynced(false))
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var stopped sync.WaitGroup
	stopped.Go(func() { _ = c.Start(ctx) })
	t.Cleanup(func() { cancel(); stopped.Wait() })
	if !c.WaitForCacheSync(ctx) {
		t.Fatal("the cache did not sync")
	}
	return c
}

func TestReaderDecodesOnce(t *testing.T) {
	p := newPolicy(t)
	must(t, save(t.Context(), newStore(plane.Client), p, people(noon, large)))
	from := &counting{Reader: plane.Client}
	r := stored.NewReader(from)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				if s, err := r.Of(t.Context(), p); err != nil || len(s.Users) != large {
					t.Errorf("%v", err)
				}
			}
		})
	}
	all.Wait()
	if shards := from.shards.Load(); shards != int64(len(secrets(t, p))-1) {
		t.Errorf("the shards were read %d times", shards)
	}
	from.fail.Store(true)
	if s, err := r.Of(t.Context(), p); err == nil || s == nil {
		t.Errorf("an API server that is away: %v %v", s, err)
	}
}

// While a manager writes and deletes shards, its own cache always shows something whole, and never an older state than
// before.
func TestReaderWhileWriting(t *testing.T) {
	p := newPolicy(t)
	must(t, save(t.Context(), newStore(plane.Client), p, people(noon, 1)))
	c := newCache(t)
	r := stored.NewReader(c)
	const rounds = 30
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			last := 0
			for deadline := time.Now().Add(time.Minute); last < rounds && time.Now().Before(deadline); {
				s, err := r.Of(t.Context(), p)
				if err != nil || s == nil || len(s.Users) < last {
					t.Errorf("after %d users: %v %v", last, s, err)
					return
				}
				last = len(s.Users)
			}
			if last != rounds {
				t.Errorf("stopped at %d", last)
			}
		})
	}
	for size := 2; size <= rounds; size++ {
		must(t, save(t.Context(), newStore(plane.Client), p, people(noon, size)))
	}
	all.Wait()
	from := &counting{Reader: c}
	if s, err := stored.NewReader(from).Of(t.Context(), p); err != nil || len(s.Users) != rounds {
		t.Error(err)
	}
}
