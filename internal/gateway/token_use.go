// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"strings"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

// maxTokenSeries bounds the tokens that have series of their own at one replica: each is a series for Prometheus to keep,
// for each decision. The rest are counted together.
const maxTokenSeries = 1000

// otherTokens is the name under which tokens without series of their own are counted. No object can have it.
const otherTokens = "_other"

// usedToken is an ApiToken.
type usedToken struct{ namespace, name string }

// tokenCounts is how many requests with a token came to which decision.
type tokenCounts struct {
	used usedToken
	hash atomic.Pointer[token.Hash] // of the credential that was used last; nil: this counts for the rest

	allowed, refused, failed atomic.Uint64
}

func (c *tokenCounts) hold(hash token.Hash) { c.hash.Store(&hash) }

// tokenUse counts the requests of each token, if the policy wants that: only of those who proved to hold one. It is a
// collector: what is shown is what is in the table then, so that a revoked token's series are gone with the next scrape.
type tokenUse struct {
	grants Grants
	desc   *prometheus.Desc
	on     atomic.Bool

	mu     sync.RWMutex
	tokens map[usedToken]*tokenCounts
	rest   *tokenCounts // nil: nothing was counted there
}

func newTokenUse(grants Grants) *tokenUse {
	return &tokenUse{
		grants: grants, tokens: map[usedToken]*tokenCounts{},
		desc: prometheus.NewDesc(metricsPrefix+"token_requests_total",
			"Requests of callers who hold a token, by ApiToken and decision (allowed, refused, failed). Only if the policy has "+
				"monitoring.perTokenMetrics. The tokens beyond the first 1000 are counted as token _other.",
			[]string{"token_namespace", "token", "decision"}, nil),
	}
}

// count turns the counting on or off; off, all counts go.
func (u *tokenUse) count(on bool) {
	if u.on.Swap(on) == on || on {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	clear(u.tokens)
	u.rest = nil
}

// observe counts one request.
func (u *tokenUse) observe(x *exchange, decision string) {
	if !x.known || !u.on.Load() {
		return
	}
	hash := x.credential.token.Hash()
	counts := u.of(usedToken{x.record.Namespace, x.record.Name}, hash)
	if last := counts.hash.Load(); last != nil && *last != hash {
		counts.hold(hash)
	}
	switch decision {
	case "refused":
		counts.refused.Add(1)
	case "failed":
		counts.failed.Add(1)
	default:
		counts.allowed.Add(1)
	}
}

// of finds a token's counts, or makes them.
func (u *tokenUse) of(used usedToken, hash token.Hash) *tokenCounts {
	u.mu.RLock()
	counts := u.tokens[used]
	u.mu.RUnlock()
	if counts != nil {
		return counts
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	switch counts := u.tokens[used]; {
	case counts != nil:
		return counts
	case len(u.tokens) < maxTokenSeries:
		counts = &tokenCounts{used: usedToken{strings.Clone(used.namespace), strings.Clone(used.name)}}
		counts.hold(hash)
		u.tokens[counts.used] = counts
		return counts
	case u.rest == nil:
		u.rest = &tokenCounts{used: usedToken{"", otherTokens}}
	}
	return u.rest
}

// Describe implements prometheus.Collector.
func (u *tokenUse) Describe(to chan<- *prometheus.Desc) { to <- u.desc }

// Collect implements prometheus.Collector.
func (u *tokenUse) Collect(to chan<- prometheus.Metric) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.on.Load() {
		return
	}
	for used, counts := range u.tokens {
		if _, known := u.grants.Lookup(*counts.hash.Load()); !known {
			delete(u.tokens, used) // revoked, or replaced and not used since
			continue
		}
		u.send(to, counts)
	}
	if u.rest != nil {
		u.send(to, u.rest)
	}
}

func (u *tokenUse) send(to chan<- prometheus.Metric, counts *tokenCounts) {
	for decision, count := range map[string]*atomic.Uint64{
		"allowed": &counts.allowed, "refused": &counts.refused, "failed": &counts.failed,
	} {
		if n := count.Load(); n > 0 {
			to <- prometheus.MustNewConstMetric(u.desc, prometheus.CounterValue, float64(n),
				counts.used.namespace, counts.used.name, decision)
		}
	}
}
