// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"net"
	"sync"
)

// Shares bounds what each address has of something, so that nobody can take it all.
type Shares struct {
	most int

	mu    sync.Mutex
	taken map[string]int // by address; none is 0
}

// NewShares gives each address so many.
func NewShares(most int) *Shares { return &Shares{most: most, taken: map[string]int{}} }

// Take takes one for a peer's address, if its share is not used up.
func (s *Shares) Take(peer string) bool {
	address := addressOf(peer)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[address] >= s.most {
		return false
	}
	s.taken[address]++
	return true
}

// Give gives back what was taken for the same peer.
func (s *Shares) Give(peer string) {
	address := addressOf(peer)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[address]--
	if s.taken[address] <= 0 {
		delete(s.taken, address)
	}
}

// addressOf is the host of a peer, or all of it if it has no port.
func addressOf(peer string) string {
	host, _, err := net.SplitHostPort(peer)
	if err != nil {
		return peer
	}
	return host
}
