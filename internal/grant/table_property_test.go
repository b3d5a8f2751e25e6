// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

// Whatever is put, changed, deleted and replaced, the table says what a plain map says.
func TestTableIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, model := NewTable(), map[string]*Credential{}
		holder := func(h token.Hash) string {
			for name, c := range model {
				if c.Hash == h {
					return name
				}
			}
			return ""
		}
		random := func(t *rapid.T) (string, *Credential) {
			c := sample(rapid.IntRange(0, 30).Draw(t, "credential"))
			c.Hash[0] %= 2 // few shards, so that they fill and shrink
			c.BlockedReason = rapid.StringMatching(`[a-z]{0,40}`).Draw(t, "reason")
			if c.Grant.SourceRanges = c.Grant.SourceRanges[:rapid.IntRange(0, 2).Draw(t, "ranges")]; len(c.Grant.SourceRanges) == 0 {
				c.Grant.SourceRanges = nil
			}
			if c.Grant.RateLimit = nil; rapid.Bool().Draw(t, "limited") {
				limit := rateLimits().Draw(t, "limit")
				c.Grant.RateLimit = &limit
			}
			if rapid.Bool().Draw(t, "with headers") {
				c.Grant.Headers = []HeaderPattern{{"User-Agent", rapid.SampledFrom([]string{"a*", "b: *"}).Draw(t, "pattern")}, {"X-A", "*"}}
			}
			return fmt.Sprintf("object-%d", rapid.IntRange(0, 40).Draw(t, "object")), c
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				name, c := random(t)
				claimed := holder(c.Hash) != "" && holder(c.Hash) != name
				if err := table.Put(name, c); errors.Is(err, ErrClaimed) != claimed {
					t.Fatalf("claimed %v, error %v", claimed, err)
				}
				delete(model, name)
				if !claimed {
					model[name] = c
				}
			},
			"delete": func(t *rapid.T) {
				name, _ := random(t)
				table.Delete(name)
				delete(model, name)
			},
			"replace": func(t *rapid.T) {
				b, list := NewBuilder(), map[string]*Credential{}
				for range rapid.IntRange(0, 20).Draw(t, "n") {
					if name, c := random(t); b.Add(name, c) == nil {
						list[name] = c
					}
				}
				table.Replace(b)
				model = list
			},
			"": func(t *rapid.T) { agree(t, table, model) },
		})
	})
}

func agree(t *rapid.T, table *Table, model map[string]*Credential) {
	if table.Len() != len(model) || len(table.keys) != len(model) {
		t.Fatalf("length %d, keys %d, want %d", table.Len(), len(table.keys), len(model))
	}
	byHash := map[token.Hash]*Credential{}
	for _, c := range model {
		byHash[c.Hash] = c
		r, ok := table.Lookup(c.Hash)
		if !ok || r.ID != c.ID || r.Owner != c.Grant.Owner || r.BlockedReason != c.BlockedReason ||
			r.UID != string(c.Token.UID) || r.Ranges.Len() != len(c.Grant.SourceRanges) ||
			string(r.Headers) != flattenHeaders(c.Grant.Headers) || r.RateLimit != orNone(c.Grant.RateLimit) {
			t.Fatalf("%s: got %+v", c.ID, r)
		}
	}
	for n := range 31 {
		h := sample(n).Hash
		h[0] %= 2
		if _, ok := table.Lookup(h); ok != (byHash[h] != nil) {
			t.Fatalf("%d: found %v", n, ok)
		}
	}
	table.All(func(c *Credential) bool {
		if want := byHash[c.Hash]; !reflect.DeepEqual(c, want) {
			t.Fatalf("got %+v, want %+v", c, want)
		}
		delete(byHash, c.Hash)
		return true
	})
	if len(byHash) != 0 {
		t.Fatalf("All left out %d", len(byHash))
	}
}

// orNone is how a Record says that there is no limit.
func orNone(l *RateLimit) RateLimit {
	if l == nil {
		return RateLimit{}
	}
	return *l
}

// A shard that is changed again and again does not keep what it no longer needs.
func TestArenaStaysSmall(t *testing.T) {
	table := NewTable()
	c := sample(1)
	for n := range 10_000 {
		c.BlockedReason = fmt.Sprint("blocked for the time number ", n)
		if err := table.Put("a", c); err != nil {
			t.Fatal(err)
		}
	}
	if size := len(table.shards[c.Hash[0]].Load().arena); size > 1000 {
		t.Errorf("the arena of one credential has %d bytes", size)
	}
}

// Readers never see half of a change: every record belongs to its hash, and its parts to each other.
func TestReadersDuringWrites(t *testing.T) {
	const tokens = 200
	table := NewTable()
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for n := 0; ; n = (n + 1) % tokens {
				select {
				case <-stop:
					return
				default:
				}
				c := sample(n)
				if r, ok := table.Lookup(c.Hash); ok && (r.ID != c.ID || r.BlockedReason != c.ID || r.Ranges.Len() != 2) {
					t.Errorf("%d: torn record %+v", n, r)
				}
			}
		})
	}
	for round := range 20 {
		b := NewBuilder()
		for n := range tokens {
			c := sample(n)
			c.BlockedReason = c.ID
			if err := b.Add(c.Token.Name, c); err != nil {
				t.Fatal(err)
			}
			if (n+round)%3 == 0 {
				table.Delete(c.Token.Name)
			} else if err := table.Put(c.Token.Name, c); err != nil {
				t.Fatal(err)
			}
		}
		table.Replace(b)
	}
	close(stop)
	readers.Wait()
}

func TestLookupAllocatesNothing(t *testing.T) {
	table := NewTable()
	c := sample(1)
	if err := table.Put("a", c); err != nil {
		t.Fatal(err)
	}
	address := netip.MustParseAddr("203.0.113.9")
	allocations := testing.AllocsPerRun(100, func() {
		if r, ok := table.Lookup(c.Hash); !ok || !r.Ranges.Contains(address) || !r.Ranges.At(0).IsValid() {
			t.Error("not found")
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations a look-up", allocations)
	}
}
