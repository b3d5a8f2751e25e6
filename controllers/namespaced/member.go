// SPDX-License-Identifier: Apache-2.0

package namespaced

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// lookAgain is how soon a namespace is noticed that came after the manager's start.
const lookAgain = 10 * time.Second

// member is the cache of one namespace. While there is no such namespace it is empty: there can be no Role in it either, by
// which it could be read, and it must not keep the manager from its work in the others.
type member struct {
	cache.Cache

	name string
	live client.Reader

	looked  chan struct{} // closed once it is known whether the namespace exists
	awaited atomic.Bool   // it existed then, so that the manager waits for what it has
	state   atomic.Int32
}

const (
	absent int32 = iota
	// filling: what is asked for in it is not known yet.
	filling
	readable
)

func newMember(name string, c cache.Cache, live client.Reader) *member {
	return &member{Cache: c, name: name, live: live, looked: make(chan struct{})}
}

// Start implements cache.Informers.
func (m *member) Start(ctx context.Context) error {
	if m.exists(ctx) {
		m.awaited.Store(true)
		m.state.Store(readable) // reads wait for it
	}
	close(m.looked)
	if !m.awaited.Load() {
		log.FromContext(ctx).Info("a namespace to be watched does not exist; it is waited for, and needs the manager's Role",
			"namespace", m.name)
		err := wait.PollUntilContextCancel(ctx, lookAgain, false, func(ctx context.Context) (bool, error) {
			return m.exists(ctx), nil
		})
		if err != nil {
			return nil //nolint:nilerr // the manager ends
		}
		m.state.Store(filling)
		go m.fill(ctx)
	}
	if err := m.Cache.Start(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("cache of namespace %s: %w", m.name, err)
	}
	return nil
}

// exists is true as well if it can't be told: the cache's own lists and watches say what is wrong.
func (m *member) exists(ctx context.Context) bool {
	return !apierrors.IsNotFound(m.live.Get(ctx, client.ObjectKey{Name: m.name}, &corev1.Namespace{}))
}

func (m *member) fill(ctx context.Context) {
	if m.Cache.WaitForCacheSync(ctx) {
		m.state.Store(readable)
	}
}

// WaitForCacheSync implements cache.Informers.
func (m *member) WaitForCacheSync(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-m.looked:
		return !m.awaited.Load() || m.Cache.WaitForCacheSync(ctx)
	}
}

// hasSynced is for something that the manager waits for at its start, and that is there, or is not.
func (m *member) hasSynced(there bool) bool {
	select {
	case <-m.looked:
		return there || !m.awaited.Load()
	default:
		return false
	}
}
