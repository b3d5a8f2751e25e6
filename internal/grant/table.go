// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"crypto/sha256"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

// shardCount shards mean that a change copies a 256th of the table. A token's shard is the first byte of its hash.
const shardCount = 256

// ErrClaimed says that a credential was ignored because another object already has its hash. Two objects for one token
// can't both be right, and the one that was there first is the one that its holder has used.
var ErrClaimed = errors.New("another object has a credential with the same hash: it stays, this one is ignored")

// Table holds what every token grants, by the token's hash. Look-ups take no lock and allocate nothing, and nothing in
// the table is a pointer per token: with 100,000 of them the garbage collector's marking would show in each request.
//
// Credentials come from objects (hash Secrets), and an object is what is replaced and deleted; its name is its key.
type Table struct {
	shards [shardCount]atomic.Pointer[shard]
	size   atomic.Int64

	mu   sync.Mutex // for writers
	keys keyIndex
}

// keyIndex finds the hash that an object has put into the table.
type keyIndex map[objectKey]token.Hash

// objectKey is the truncated hash of an object's name: a name would be a pointer for the collector to follow.
type objectKey [16]byte

func keyOf(name string) objectKey {
	sum := sha256.Sum256([]byte(name))
	return objectKey(sum[:])
}

// NewTable returns an empty table.
func NewTable() *Table { return &Table{keys: keyIndex{}} }

// Lookup finds what a token grants by its hash.
func (t *Table) Lookup(h token.Hash) (Record, bool) {
	s := t.shards[h[0]].Load()
	if s == nil {
		return Record{}, false
	}
	i, found := s.find(&h)
	if !found {
		return Record{}, false
	}
	return s.record(i), true
}

// Len is the number of tokens.
func (t *Table) Len() int { return int(t.size.Load()) }

// Put sets the credential of an object, in place of what the object had before. If it fails, the object has none.
func (t *Table) Put(object string, c *Credential) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := keyOf(object)
	old, replaces := t.keys[key]
	if replaces && old != c.Hash {
		t.remove(key, old)
		replaces = false
	}
	s := t.shards[c.Hash[0]].Load()
	if s != nil && !replaces {
		if _, taken := s.find(&c.Hash); taken {
			return ErrClaimed
		}
	}
	next, err := s.with(c)
	if err != nil {
		if replaces {
			t.remove(key, old)
		}
		return err
	}
	t.shards[c.Hash[0]].Store(next)
	t.keys[key] = c.Hash
	if !replaces {
		t.size.Add(1)
	}
	return nil
}

// Delete removes the credential of an object, if it has one.
func (t *Table) Delete(object string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := keyOf(object)
	if h, ok := t.keys[key]; ok {
		t.remove(key, h)
	}
}

func (t *Table) remove(key objectKey, h token.Hash) {
	t.shards[h[0]].Store(t.shards[h[0]].Load().without(&h))
	delete(t.keys, key)
	t.size.Add(-1)
}

// Replace puts what a builder has collected in place of everything in the table, and empties the builder.
func (t *Table) Replace(b *Builder) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range b.shards {
		var s *shard
		if b.shards[i] != nil {
			s = b.shards[i].finish()
		}
		t.shards[i].Store(s)
	}
	t.size.Store(int64(len(b.keys)))
	t.keys = b.keys
	*b = *NewBuilder()
}

// All calls visit for every credential until it returns false. Changes meanwhile may or may not be seen. The credential
// lacks the declaration that only the manager needs, and it is valid during the call only.
func (t *Table) All(visit func(*Credential) bool) {
	var c Credential
	for i := range t.shards {
		s := t.shards[i].Load()
		for j := range s.len() {
			s.credential(j, &c)
			if !visit(&c) {
				return
			}
		}
	}
}
