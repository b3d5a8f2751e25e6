// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

const benchTokens = 100_000

func fill(b *testing.B) *Table {
	b.Helper()
	builder := NewBuilder()
	for n := range benchTokens {
		if err := builder.Add(fmt.Sprint("object-", n), sample(n)); err != nil {
			b.Fatal(err)
		}
	}
	table := NewTable()
	table.Replace(builder)
	return table
}

func fillMap() map[token.Hash]*Credential {
	m := make(map[token.Hash]*Credential, benchTokens)
	for n := range benchTokens {
		c := sample(n)
		m[c.Hash] = c
	}
	return m
}

func sampleHashes() []token.Hash {
	hashes := make([]token.Hash, 4096)
	for n := range hashes {
		hashes[n] = sample(n * (benchTokens / len(hashes))).Hash
	}
	return hashes
}

func BenchmarkLookup(b *testing.B) {
	table, hashes := fill(b), sampleHashes()
	missing := sample(benchTokens + 1).Hash
	b.Run("hit", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			if _, ok := table.Lookup(hashes[n%len(hashes)]); !ok {
				b.Fatal("not found")
			}
		}
	})
	b.Run("miss", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			table.Lookup(missing)
		}
	})
}

// Putting a credential into a table of 100,000: a new one, one that changes, and one that goes and comes.
func BenchmarkPut(b *testing.B) {
	table := fill(b)
	b.Run("change", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			c := sample(n % benchTokens)
			c.State, c.BlockedReason = Blocked, "the token is suspended"
			if err := table.Put(fmt.Sprint("object-", n%benchTokens), c); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("delete-and-add", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			name, c := fmt.Sprint("object-", n%benchTokens), sample(n%benchTokens)
			table.Delete(name)
			if err := table.Put(name, c); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkReplace(b *testing.B) {
	for b.Loop() {
		fill(b)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchTokens, "ns/token")
}

// What 100,000 tokens cost while they lie there: their memory, and the time of a garbage collection that has to mark
// them. A map of pointers in the same run is what the flat table is to be compared with.
func BenchmarkResident(b *testing.B) {
	b.Run("table", func(b *testing.B) { resident(b, func() any { return fill(b) }) })
	b.Run("map", func(b *testing.B) { resident(b, func() any { return fillMap() }) })
}

func resident(b *testing.B, build func() any) {
	b.Helper()
	before := heap()
	kept := build()
	size := heap() - before
	for b.Loop() {
		runtime.GC()
	}
	b.ReportMetric(float64(size)/benchTokens, "B/token")
	runtime.KeepAlive(kept)
}

// A request makes some garbage besides its look-up; the garbage makes collections, and those mark what is resident.
func BenchmarkLookupUnderGC(b *testing.B) {
	hashes := sampleHashes()
	run := func(b *testing.B, lookup func(token.Hash) bool) {
		b.Helper()
		runtime.GC()
		for n := 0; b.Loop(); n++ {
			garbage = make([]byte, 64<<10)
			if !lookup(hashes[n%len(hashes)]) {
				b.Fatal("not found")
			}
		}
	}
	b.Run("table", func(b *testing.B) {
		table := fill(b)
		run(b, func(h token.Hash) bool { _, ok := table.Lookup(h); return ok })
	})
	b.Run("map", func(b *testing.B) {
		m := fillMap()
		run(b, func(h token.Hash) bool { return m[h] != nil })
	})
}

var garbage []byte

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
