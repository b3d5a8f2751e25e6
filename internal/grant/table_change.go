// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"net/netip"
	"slices"

	"github.com/jiratokens/jira-token-operator/internal/scope"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// with returns a copy of a shard that has the credential, in place of one with the same hash. It copies flat memory
// and compares a few hundred strings, which is far cheaper than interning the whole shard again.
func (s *shard) with(c *Credential) (*shard, error) {
	if s == nil {
		s = &shard{}
		s.buildIndex()
	}
	change := changeOf(s)
	e, err := newEntry(c, change.intern, change.internRanges, change.internScopes)
	if err != nil {
		return nil, err
	}
	next := &shard{
		entries: make([]entry, len(s.entries), len(s.entries)+1),
		arena:   s.arena + string(change.added), ranges: change.ranges, scopes: change.scopes,
		garbage: s.garbage,
	}
	copy(next.entries, s.entries)
	if p, found := s.find(&c.Hash); found {
		next.garbage += s.entries[p].textBytes()
		next.entries[p] = e
		next.index = s.index // nothing moved
		return next.tidy(), nil
	}
	next.entries = append(next.entries, e)
	next.buildIndex()
	return next, nil
}

// without returns a copy of a shard that lacks a hash; nil if nothing is left.
func (s *shard) without(h *token.Hash) *shard {
	p, found := s.find(h)
	if !found {
		return s
	}
	if len(s.entries) == 1 {
		return nil
	}
	next := &shard{
		entries: slices.Concat(s.entries[:p], s.entries[p+1:]),
		arena:   s.arena, ranges: s.ranges, scopes: s.scopes,
		garbage: s.garbage + s.entries[p].textBytes(),
	}
	next.buildIndex()
	return next.tidy()
}

// tidy builds a shard anew when half of its arena may be garbage, so that changes can't make it grow for ever.
func (s *shard) tidy() *shard {
	if s.garbage <= len(s.arena)/2 {
		return s
	}
	b := newShardBuilder()
	var c Credential
	for i := range s.entries {
		s.credential(i, &c)
		if err := b.add(&c); err != nil {
			return s // can't be: every entry was accepted when it came in
		}
	}
	return b.finish()
}

// textBytes bounds what an entry alone may have put into the arena. Ranges count, since they become garbage as well.
func (e *entry) textBytes() int {
	return int(e.id.length + e.owner.length + e.namespace.length + e.name.length + e.uid.length + e.blocked.length +
		e.headers.length + e.ranges.length)
}

// change finds values that a shard already has and collects those that it lacks.
type change struct {
	from   *shard
	added  []byte
	ranges []flatPrefix
	scopes []scope.Set
}

func changeOf(s *shard) *change { return &change{from: s, ranges: s.ranges, scopes: s.scopes} }

func (c *change) intern(text string) span {
	if text == "" {
		return span{}
	}
	for i := range c.from.entries {
		e := &c.from.entries[i]
		// Ids and UIDs hardly ever repeat, but the other credentials of an ApiToken share its UID and name.
		for _, at := range [...]span{e.owner, e.namespace, e.name, e.uid, e.blocked, e.headers} {
			if c.from.text(at) == text {
				return at
			}
		}
	}
	at := spanOf(len(c.from.arena)+len(c.added), len(text))
	c.added = append(c.added, text...)
	return at
}

func (c *change) internScopes(set scope.Set) uint32 { return internScopes(&c.scopes, set) }

func (c *change) internRanges(list []netip.Prefix) span {
	if len(list) == 0 {
		return span{}
	}
	want := make([]flatPrefix, 0, len(list))
	appendRanges(&want, list)
	for i := range c.from.entries {
		if at := c.from.entries[i].ranges; slices.Equal(c.from.prefixes(at), want) {
			return at
		}
	}
	at := spanOf(len(c.ranges), len(want))
	c.ranges = append(slices.Clip(c.ranges), want...)
	return at
}
