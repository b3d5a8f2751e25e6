// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

// claim is what a request says about stamps: what the object had, what it is to have, and whether what it asks for
// changes. On CREATE there is no old one, and everything changes.
type claim struct {
	old, proposed string // the annotation; empty: none
	object        stamp.Object
	user          grant.Requester
	asksAnew      bool
}

// forged tells whether the proposed stamp is one that whoever asks has no business to write. What the object has already
// is left to whoever verifies it. A stamp that the operator made for this object and content may come back, as from a
// backup, and so may one of the same user, as when another webhook changed the object and this one is asked again: neither
// stays, or gives anybody another's name.
func (c *claim) forged(ring *stamp.Ring) bool {
	if c.proposed == "" || c.proposed == c.old {
		return false
	}
	s, err := ring.Open(c.proposed)
	if err != nil || !s.Names(&c.object) {
		return true
	}
	return s.Object.Digest != c.object.Digest && s.Requester.User != c.user.User
}

// kept is the stamp of an object that does not ask anew: the old one, byte for byte. One that the operator did not make
// need not be kept.
func (c *claim) kept(ring *stamp.Ring) string {
	if _, err := ring.Open(c.old); err != nil && c.proposed == "" {
		return ""
	}
	return c.old
}
