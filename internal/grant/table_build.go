// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/jiratokens/jira-token-operator/internal/scope"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// Builder collects credentials for Table.Replace, so that a list that turns out to be broken half-way changes nothing.
type Builder struct {
	shards [shardCount]*shardBuilder
	keys   keyIndex
}

// NewBuilder returns an empty builder.
func NewBuilder() *Builder { return &Builder{keys: keyIndex{}} }

// Add adds the credential of an object. Of two with the same hash the first one stays.
func (b *Builder) Add(object string, c *Credential) error {
	key := keyOf(object)
	if _, exists := b.keys[key]; exists {
		return errors.New("the object was added twice")
	}
	s := b.shards[c.Hash[0]]
	if s == nil {
		s = newShardBuilder()
		b.shards[c.Hash[0]] = s
	}
	if err := s.add(c); err != nil {
		return err
	}
	b.keys[key] = c.Hash
	return nil
}

// shardBuilder makes a shard from nothing; every value that repeats is stored once.
type shardBuilder struct {
	shard   shard
	arena   strings.Builder
	hashes  map[token.Hash]struct{}
	strings map[string]span
	lists   map[string]span
}

func newShardBuilder() *shardBuilder {
	return &shardBuilder{
		hashes: map[token.Hash]struct{}{}, strings: map[string]span{}, lists: map[string]span{},
	}
}

func (b *shardBuilder) add(c *Credential) error {
	if _, taken := b.hashes[c.Hash]; taken {
		return ErrClaimed
	}
	e, err := newEntry(c, b.intern, b.internRanges, b.internScopes)
	if err != nil {
		return err
	}
	b.hashes[c.Hash] = struct{}{}
	b.shard.entries = append(b.shard.entries, e)
	return nil
}

func (b *shardBuilder) intern(text string) span {
	if at, ok := b.strings[text]; ok {
		return at
	}
	at := spanOf(b.arena.Len(), len(text))
	b.arena.WriteString(text)
	b.strings[strings.Clone(text)] = at // the caller's may be a part of something large
	return at
}

func (b *shardBuilder) internRanges(list []netip.Prefix) span {
	if len(list) == 0 {
		return span{}
	}
	name := fmt.Sprint(list)
	if at, ok := b.lists[name]; ok {
		return at
	}
	at := appendRanges(&b.shard.ranges, list)
	b.lists[name] = at
	return at
}

func (b *shardBuilder) internScopes(set scope.Set) uint32 { return internScopes(&b.shard.scopes, set) }

// internScopes looks at all of them: tokens that differ in their scopes are few beside all tokens.
func internScopes(list *[]scope.Set, set scope.Set) uint32 {
	at := slices.Index(*list, set)
	if at < 0 {
		at = len(*list)
		*list = append(slices.Clip(*list), set) // a copy: an older shard goes on reading the list
	}
	return uint32(at) //nolint:gosec // a shard is far from 4 billion tokens
}

// finish returns the shard without the spare room that appending leaves.
func (b *shardBuilder) finish() *shard {
	s := &shard{
		entries: slices.Clip(slices.Clone(b.shard.entries)),
		ranges:  slices.Clip(slices.Clone(b.shard.ranges)),
		scopes:  b.shard.scopes,
		arena:   strings.Clone(b.arena.String()),
	}
	s.buildIndex()
	return s
}

func appendRanges(to *[]flatPrefix, list []netip.Prefix) span {
	at := spanOf(len(*to), len(list))
	for _, p := range list {
		*to = append(*to, flatten(p))
	}
	return at
}

// newEntry translates a credential. A state or scope that is not known grants nothing.
func newEntry(
	c *Credential, text func(string) span, ranges func([]netip.Prefix) span, scopes func(scope.Set) uint32,
) (entry, error) {
	if err := c.validate(); err != nil {
		return entry{}, err
	}
	set, err := scope.Parse(c.Grant.Scopes)
	if err != nil {
		return entry{}, err
	}
	e := entry{
		hash: c.Hash, id: text(c.ID), owner: text(c.Grant.Owner),
		namespace: text(c.Token.Namespace), name: text(c.Token.Name), uid: text(string(c.Token.UID)),
		blocked: text(c.BlockedReason), isBlocked: c.State != Active,
		headers: text(flattenHeaders(c.Grant.Headers)),
		ranges:  ranges(c.Grant.SourceRanges), scopes: scopes(set),
		issuedAt:  seconds(c.IssuedAt),
		expiresAt: nanoseconds(c.ExpiresAt), retireAt: nanoseconds(c.RetireAt),
	}
	if l := c.Grant.RateLimit; l != nil {
		e.rateRequests, e.ratePeriod, e.rateBurst, e.rateConcurrent = l.Requests, int64(l.Period), l.Burst, l.Concurrent
	}
	return e, nil
}
