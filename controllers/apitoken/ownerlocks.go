// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"hash/fnv"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/index"
)

// cacheDelay is how long the cache may be behind our own writes.
const cacheDelay = 10 * time.Second

// ownerLocks let one token of an owner at a time be reconciled, where a policy bounds how many may be live, and remember
// which of them took a place that the cache may not show yet. Several owners may share a lock.
type ownerLocks [64]ownerLock

type ownerLock struct {
	sync.Mutex // held while one of the owner's tokens is reconciled

	memory sync.Mutex // guards what follows
	placed map[types.UID]time.Time
}

func (l *ownerLocks) of(t *v1alpha1.ApiToken) *ownerLock {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(index.OwnerTokenKey(string(t.Spec.PolicyRef.Namespace), string(t.Spec.Owner)))) // never fails
	return &l[hash.Sum32()%uint32(len(l))]
}

// note remembers whether a token has a place since now.
func (l *ownerLock) note(uid types.UID, has bool, now time.Time) {
	l.memory.Lock()
	defer l.memory.Unlock()
	for other, since := range l.placed {
		if now.Sub(since) > cacheDelay {
			delete(l.placed, other)
		}
	}
	delete(l.placed, uid)
	if !has {
		return
	}
	if l.placed == nil {
		l.placed = map[types.UID]time.Time{}
	}
	l.placed[uid] = now
}

// justPlaced tells whether a token took a place only now.
func (l *ownerLock) justPlaced(uid types.UID, now time.Time) bool {
	l.memory.Lock()
	defer l.memory.Unlock()
	since, ok := l.placed[uid]
	return ok && now.Sub(since) <= cacheDelay
}
