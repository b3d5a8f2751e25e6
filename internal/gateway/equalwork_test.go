// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// countingGrants counts what is looked up.
type countingGrants struct {
	Grants

	lookups atomic.Int64
}

func (g *countingGrants) Lookup(hash token.Hash) (grant.Record, bool) {
	g.lookups.Add(1)
	return g.Grants.Lookup(hash)
}

// TestUnknownAndWrongAreTheSameWork (CVE-2025-54999, CVE-2026-41263): a token with the id of a known one and another secret
// costs what any unknown one costs, in look-ups and allocations, and is answered with the same bytes. So does one that was
// right until it was deleted.
func TestUnknownAndWrongAreTheSameWork(t *testing.T) {
	b := newBench(t)
	grants := &countingGrants{Grants: b.table}
	b.handler.grants = grants
	known, deleted := b.issue("alice", []string{"read"}), b.issue("bob", []string{"read"})
	b.table.Delete(deleted[4:16])
	head := known[:17] + unknownToken[17:len(unknownToken)-6]
	wrong := head + checksumFor(head)
	if _, err := token.Parse(wrong); err != nil {
		t.Fatal(err)
	}
	type work struct {
		answer  string
		lookups int64
		allocs  float64
	}
	var works []work
	for _, tok := range []string{unknownToken, wrong, deleted} {
		b.handler.failures = newFailureLimit(b.clock.Now()) // which would answer in place of the rest
		before := grants.lookups.Load()
		a := b.send("GET", myself, bearer(tok))
		lookups := grants.lookups.Load() - before
		a.Header.Del("Date")
		x := &exchange{settings: b.handler.settings.Load(), start: b.clock.Now()}
		x.request = Request{Method: http.MethodGet, Path: myself, Target: myself, Header: http.Header{"Authorization": {"Bearer " + tok}}}
		allocs := testing.AllocsPerRun(50, func() {
			if refusal := b.handler.decide(x); refusal == nil || x.known {
				t.Fatal("it is let through")
			}
		})
		works = append(works, work{fmt.Sprint(a.StatusCode, a.Header, a.body), lookups, allocs})
	}
	for _, w := range works {
		if w != works[0] || w.lookups != 1 {
			t.Errorf("%+v is not %+v", w, works[0])
		}
	}
}
