// SPDX-License-Identifier: Apache-2.0

package inflight

import "sync"

// Tokens counts each ApiToken's requests. Its zero value is ready, and it must not be copied.
type Tokens struct {
	mu   sync.Mutex
	held map[string]int // by UID; those that have any
}

// Take asks for a place among most for one of a token's requests; give it back with Release if it is granted.
func (t *Tokens) Take(uid string, most int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held[uid] >= most {
		return false
	}
	if t.held == nil {
		t.held = map[string]int{}
	}
	t.held[uid]++
	return true
}

// Release gives a place back.
func (t *Tokens) Release(uid string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held[uid]--
	if t.held[uid] <= 0 {
		delete(t.held, uid)
	}
}
