// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

const tokenRequests = "jiratokens_gateway_token_requests_total"

func perToken(b *bench) { b.config.PerTokenMetrics = true }

// tokenSeries are the series of single tokens that a scrape gets.
func (b *bench) tokenSeries() (series []string) {
	for line := range strings.Lines(b.metricsText()) {
		if rest, ok := strings.CutPrefix(line, tokenRequests); ok {
			series = append(series, strings.TrimSpace(rest))
		}
	}
	return series
}

func (b *bench) wantSeries(want ...string) {
	b.Helper()
	b.eventually("there are the series "+strings.Join(want, " and "), func() bool {
		return strings.Join(b.tokenSeries(), "\n") == strings.Join(want, "\n")
	})
}

func TestTokensAreCountedOnlyIfThePolicyAsks(t *testing.T) {
	b := newBench(t)
	tok := b.issue("alice", []string{"read"})
	b.send("GET", myself, bearer(tok))
	b.auditLines(1)
	b.wantSeries()

	b.config.PerTokenMetrics = true
	b.configure()
	b.send("GET", myself, bearer(tok))
	b.send("DELETE", "/jira/rest/api/2/issue/DEMO-1", bearer(tok))
	b.send("GET", myself, bearer(unknownToken)) // proves nothing
	b.wantSeries(`{decision="allowed",token="token-1",token_namespace="dev"} 1`, `{decision="refused",token="token-1",token_namespace="dev"} 1`)

	b.config.PerTokenMetrics = false
	b.configure()
	b.wantSeries()
}

// A revoked token is gone at the next scrape, and its place is free.
func TestSeriesGoWithTheirToken(t *testing.T) {
	b := newBench(t, perToken)
	first, second := b.issue("alice", []string{"read"}), b.issue("bob", []string{"read"})
	b.send("GET", myself, bearer(first))
	b.send("GET", myself, bearer(second))
	of := func(n int) string {
		return fmt.Sprintf(`{decision="allowed",token="token-%d",token_namespace="dev"} 1`, n)
	}
	b.wantSeries(of(1), of(2))
	b.table.Delete(first[4:16]) // its id: the object's name here
	b.wantSeries(of(2))
	if n := len(b.handler.tokenUse.tokens); n != 1 {
		t.Errorf("%d tokens are kept", n)
	}
}

// After a rotation the same token goes on under the same name, whichever credential ends.
func TestSeriesOutliveARotation(t *testing.T) {
	b := newBench(t, perToken)
	same := func(c *grant.Credential) { c.Token.Name = "rotated" }
	old, replaced := b.issue("alice", []string{"read"}, same), b.issue("alice", []string{"read"}, same)
	b.send("GET", myself, bearer(old))
	b.send("GET", myself, bearer(replaced))
	b.table.Delete(old[4:16])
	b.wantSeries(`{decision="allowed",token="rotated",token_namespace="dev"} 2`)
}

func TestNoMoreThanSoManyTokensHaveSeries(t *testing.T) {
	b := newBench(t)
	use := newTokenUse(b.table)
	use.count(true)
	const more = 7
	for range maxTokenSeries + more {
		held, err := token.Parse(b.issue("alice", []string{"read"}))
		if err != nil {
			t.Fatal(err)
		}
		x := &exchange{known: true, credential: credential{token: held}}
		x.record, _ = b.table.Lookup(held.Hash())
		use.observe(x, "allowed")
		use.observe(x, "refused")
	}
	if n := testutil.CollectAndCount(use); n != 2*(maxTokenSeries+1) {
		t.Errorf("%d series", n)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(use)
	want := fmt.Sprintf("%s{decision=\"allowed\",token=\"_other\",token_namespace=\"\"} %d\n", tokenRequests, more)
	if text := get(NewAdminHandler(b.handler, registry), "/metrics").Body.String(); !strings.Contains(text, want) {
		t.Errorf("no %s", want)
	}
}

// BenchmarkTokenUse is what counting adds to a request.
func BenchmarkTokenUse(b *testing.B) {
	w := newBench(b)
	held, err := token.Parse(w.issue("alice", []string{"read"}))
	if err != nil {
		b.Fatal(err)
	}
	x := &exchange{known: true, credential: credential{token: held}}
	x.record, _ = w.table.Lookup(held.Hash())
	use := newTokenUse(w.table)
	use.count(true)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			use.observe(x, "allowed")
		}
	})
}
