// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// maxCalls and maxCallsOfPolicy bound the reports that are held.
const (
	maxCalls         = 64
	maxCallsOfPolicy = 16
)

// callLimit counts the calls in progress. Its zero value is ready.
type callLimit struct {
	mu       sync.Mutex
	all      int
	ofPolicy map[types.NamespacedName]int
}

func (l *callLimit) enter(policy types.NamespacedName) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= maxCalls || l.ofPolicy[policy] >= maxCallsOfPolicy {
		return false
	}
	if l.ofPolicy == nil {
		l.ofPolicy = map[types.NamespacedName]int{}
	}
	l.all++
	l.ofPolicy[policy]++
	return true
}

func (l *callLimit) leave(policy types.NamespacedName) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	l.ofPolicy[policy]--
	if l.ofPolicy[policy] == 0 {
		delete(l.ofPolicy, policy)
	}
}
