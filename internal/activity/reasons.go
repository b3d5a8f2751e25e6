// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"slices"
	"sync"
)

const (
	// reasonsKept is how many reasons of refusals a table tells apart. Those that a token's holder can meet are fewer.
	reasonsKept = 24
	// otherReason stands for those that there is no room for.
	otherReason = "other"
)

// reasonNames numbers reasons as they come; the last number is for all that come too late.
type reasonNames struct {
	mu    sync.RWMutex
	names []string
}

func (r *reasonNames) number(reason string) int {
	r.mu.RLock()
	n := slices.Index(r.names, reason)
	r.mu.RUnlock()
	if n >= 0 {
		return n
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n = slices.Index(r.names, reason); n >= 0 {
		return n
	}
	if len(r.names) == reasonsKept-1 {
		return reasonsKept - 1
	}
	r.names = append(r.names, reason)
	return len(r.names) - 1
}

// list is what was counted by number.
func (r *reasonNames) list(counts *[reasonsKept]uint32) (out []Refusal) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for n, count := range counts {
		if count == 0 {
			continue
		}
		name := otherReason
		if n < len(r.names) {
			name = r.names[n]
		}
		out = append(out, Refusal{Reason: name, Count: int64(count)})
	}
	return out
}
