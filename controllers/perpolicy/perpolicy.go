// SPDX-License-Identifier: Apache-2.0

// Package perpolicy is what controllers that ask Jira remember of each TokenPolicy, and how they spread their asking.
package perpolicy

import (
	"encoding/binary"
	"hash/fnv"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Memory holds a value for each policy. It is lost with the process. Its zero value is ready, and it must not be copied.
type Memory[T any] struct {
	mu  sync.Mutex
	all map[types.NamespacedName]remembered[T]
}

type remembered[T any] struct {
	policy types.UID
	value  *T
}

// Of is the value of a policy, a fresh one for a policy that is new or another of that name. Nobody else uses it
// meanwhile: a controller works on an object once at a time.
func (m *Memory[T]) Of(key types.NamespacedName, policy types.UID, fresh func() *T) *T {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil {
		m.all = map[types.NamespacedName]remembered[T]{}
	}
	if before, ok := m.all[key]; ok && before.policy == policy {
		return before.value
	}
	value := fresh()
	m.all[key] = remembered[T]{policy, value}
	return value
}

// Forget drops what there is of a policy.
func (m *Memory[T]) Forget(key types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, key)
}

// Jittered makes a time up to a tenth longer or shorter, differently for each policy and attempt, so that many policies
// do not ask Jira at once.
func Jittered(policy types.UID, attempt int, d time.Duration) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(policy)) // never fails
	_, _ = h.Write(binary.AppendVarint(nil, int64(attempt)))
	const jitter, steps = 0.1, 1 << 16
	fraction := float64(h.Sum64()%steps) / steps // from 0 to 1
	return time.Duration(float64(d) * (1 - jitter + 2*jitter*fraction))
}
