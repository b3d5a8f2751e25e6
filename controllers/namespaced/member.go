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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// lookAgain is how soon a namespace, or the manager's Role in it, is noticed that came after the manager's start.
const lookAgain = 10 * time.Second

// member is the cache of one namespace. While that can't be read, it must not keep the manager from its work in the others.
type member struct {
	cache.Cache

	name string
	live client.Reader
	// kinds are those that the manager's Role in the namespace has to allow.
	kinds []schema.GroupVersionKind

	looked  chan struct{} // closed once it is known whether the namespace can be read
	awaited atomic.Bool   // it could be then, so that the manager waits for what it has
	ended   chan struct{} // closed once nothing fills it any more
	state   atomic.Int32
}

const (
	// absent: there is no such namespace, and nothing in it.
	absent int32 = iota
	// unreadable: the namespace exists without the manager's Role in it, so nobody knows what is there.
	unreadable
	// filling: what is asked for in it is not known yet.
	filling
	readable
)

func newMember(name string, c cache.Cache, live client.Reader, kinds []schema.GroupVersionKind) *member {
	return &member{
		Cache: c, name: name, live: live, kinds: kinds, looked: make(chan struct{}), ended: make(chan struct{}),
	}
}

// Start implements cache.Informers.
func (m *member) Start(ctx context.Context) error {
	defer close(m.ended)
	if state := m.look(ctx); state == readable {
		m.awaited.Store(true)
		m.state.Store(readable) // reads wait for it
	} else {
		m.state.Store(state)
	}
	close(m.looked)
	if !m.awaited.Load() {
		if !m.becomesReadable(ctx) {
			return nil // the manager ends
		}
		m.state.Store(filling)
		go m.fill(ctx)
	}
	if err := m.Cache.Start(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("cache of namespace %s: %w", m.name, err)
	}
	return nil
}

// becomesReadable waits for it; false: the manager ends before.
func (m *member) becomesReadable(ctx context.Context) bool {
	err := wait.PollUntilContextCancel(ctx, lookAgain, false, func(ctx context.Context) (bool, error) {
		state := m.look(ctx)
		if state != readable {
			m.state.Store(state)
		}
		return state == readable, nil
	})
	return err == nil
}

// look says whether the namespace can be read, and tells of what is missing. If it can't be told, then it can: the cache's own
// lists and watches say what is wrong.
func (m *member) look(ctx context.Context) int32 {
	err := m.live.Get(ctx, client.ObjectKey{Name: m.name}, &corev1.Namespace{})
	switch {
	case apierrors.IsNotFound(err):
		m.tell(ctx, "a namespace to be watched does not exist; it is waited for, and needs the manager's Role")
		return absent
	case apierrors.IsForbidden(err):
		m.tell(ctx, "a namespace to be watched is none of those that the manager's ClusterRole names; that is waited for")
		return unreadable
	}
	for _, kind := range m.kinds {
		var list metav1.PartialObjectMetadataList
		list.SetGroupVersionKind(kind)
		if err := m.live.List(ctx, &list, client.InNamespace(m.name), client.Limit(1)); apierrors.IsForbidden(err) {
			m.tell(ctx, "a namespace to be watched lacks the manager's Role or its RoleBinding, or they do not allow enough; "+
				"that is waited for", "mayNotList", kind.Kind)
			return unreadable
		}
	}
	return readable
}

func (m *member) tell(ctx context.Context, message string, values ...any) {
	log.FromContext(ctx).Info(message, append(values, "namespace", m.name)...)
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
