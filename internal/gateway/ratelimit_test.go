// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// limited gives a token a rate limit per minute.
func limited(requests, burst int32) func(*grant.Credential) {
	return func(c *grant.Credential) {
		c.Grant.RateLimit = &grant.RateLimit{Requests: requests, Period: time.Minute, Burst: burst}
	}
}

// drain sends requests until one is over the limit, and returns the statuses of those before it.
func (b *bench) drain(line string) []int {
	b.Helper()
	var statuses []int
	for len(statuses) < 1000 {
		a := b.send("GET", myself, line)
		if a.StatusCode == http.StatusTooManyRequests {
			return statuses
		}
		statuses = append(statuses, a.StatusCode)
	}
	b.Fatalf("no end after %d requests", len(statuses))
	return nil
}

func (b *bench) expectAllowed(line string, want int) {
	b.Helper()
	if got := b.drain(line); len(got) != want || slices.ContainsFunc(got, func(s int) bool { return s != http.StatusOK }) {
		b.Errorf("%v, want 200 %d times", got, want)
	}
}

// ratesOf reads the four headers by the names under which Jira documents them.
func ratesOf(header http.Header) string {
	return fmt.Sprintf("%q of %q, %q in %q s", header["X-Ratelimit-Remaining"], header["X-Ratelimit-Limit"],
		header["X-Ratelimit-Fillrate"], header["X-Ratelimit-Interval-Seconds"])
}

func rates(remaining, limit, fill, interval int) string {
	return fmt.Sprintf(`["%d"] of ["%d"], ["%d"] in ["%d"] s`, remaining, limit, fill, interval)
}

func TestATokenKeepsToItsRateLimit(t *testing.T) {
	b := newBench(t)
	tok := b.issue("alice", []string{"read"}, limited(10, 3))
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	get := func() answer {
		request, err := http.NewRequest(http.MethodGet, "http://"+b.address+myself, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+tok)
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		return b.finished(response)
	}
	for left := range 3 {
		if a := get(); a.StatusCode != http.StatusOK || ratesOf(a.Header) != rates(2-left, 3, 10, 60) || a.Header.Get("Retry-After") != "" {
			t.Errorf("%d: %s %v", a.StatusCode, ratesOf(a.Header), a.Header)
		}
	}
	a := get()
	if a.StatusCode != http.StatusTooManyRequests || ratesOf(a.Header) != rates(0, 3, 10, 60) || a.Header.Get("Retry-After") != "6" {
		t.Errorf("%d: %s %v", a.StatusCode, ratesOf(a.Header), a.Header)
	}
	if want := "the token has used up its rate limit of 10 requests in 60 s, 3 at once; try again in 6 s"; a.message(t) != want {
		t.Errorf("%s\nwant %s", a.message(t), want)
	}
	if got := len(b.jira.Received()); got != 3 {
		t.Errorf("Jira received %d requests", got)
	}
	line := b.auditLines(4)[3]
	if line.Decision != "refused" || line.Reason != "rate-limit" || line.Status != 429 || line.Owner != "alice" || line.TokenID != tok[4:16] {
		t.Errorf("%+v", line)
	}
	metrics := httptest.NewRecorder()
	NewAdminHandler(b.handler, b.registry).ServeHTTP(metrics, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	if want := `requests_total{decision="refused",reason="rate-limit"} 1`; !strings.Contains(metrics.Body.String(), want) {
		t.Errorf("no %s", want)
	}
	b.clock.SetTime(b.clock.Now().Add(6 * time.Second))
	if a := get(); a.StatusCode != http.StatusOK {
		t.Errorf("after the time that it said: %d %s", a.StatusCode, a.body)
	}
}

func TestTokensWithoutLimitAreNotCounted(t *testing.T) {
	b := newBench(t)
	tok := bearer(b.issue("alice", []string{"read"}))
	for range 20 {
		if a := b.send("GET", myself, tok); a.StatusCode != http.StatusOK || strings.Contains(fmt.Sprint(a.Header), "Ratelimit") {
			t.Fatalf("%d %v", a.StatusCode, a.Header)
		}
	}
	if got := b.handler.limiter.Len(); got != 0 {
		t.Errorf("%d buckets", got)
	}
}

// Requests that are refused for something else count as well, and their answers tell what is left.
func TestRefusalsCount(t *testing.T) {
	b := newBench(t, func(b *bench) { b.config.Deny = gatewayconfig.Deny{Tokens: []string{"dev/denied"}} })
	past := b.clock.Now().Add(-time.Second)
	for name, tc := range map[string]struct {
		edit   func(*grant.Credential)
		target string
		status int
	}{
		"scope":    {func(*grant.Credential) {}, "/jira/rest/api/2/reindex", 403},
		"never":    {func(*grant.Credential) {}, "/jira/rest/pat/latest/tokens", 403},
		"address":  {from("10.0.0.0/8"), myself, 403},
		"blocked":  {func(c *grant.Credential) { c.State = grant.Blocked }, myself, 401},
		"expired":  {func(c *grant.Credential) { c.ExpiresAt = &past }, myself, 401},
		"denied":   {func(c *grant.Credential) { c.Token.Name = "denied" }, myself, 401},
		"replaced": {func(c *grant.Credential) { c.RetireAt = &past }, myself, 401},
	} {
		tok := bearer(b.issue("alice", []string{"read"}, limited(60, 2), tc.edit))
		for left := range 2 {
			a := b.send("GET", tc.target, tok)
			if a.StatusCode != tc.status || ratesOf(a.Header) != rates(1-left, 2, 60, 60) {
				t.Errorf("%s: %d %s", name, a.StatusCode, ratesOf(a.Header))
			}
		}
		if a := b.send("GET", tc.target, tok); a.StatusCode != http.StatusTooManyRequests || ratesOf(a.Header) != rates(0, 2, 60, 60) {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
	if got := len(b.jira.Received()); got != 0 {
		t.Errorf("Jira received %d requests", got)
	}
	// What was allowed before counts with what is refused after it.
	tok := bearer(b.issue("alice", []string{"read"}, limited(60, 2)))
	for i, want := range []int{200, 403, 429} {
		target := []string{myself, "/jira/rest/api/2/reindex", myself}[i]
		if a := b.send("GET", target, tok); a.StatusCode != want {
			t.Errorf("%s: %d, want %d", target, a.StatusCode, want)
		}
	}
}

func TestConcurrentRequestsKeepToTheLimit(t *testing.T) {
	const burst, goroutines, each = 50, 8, 40
	b := newBench(t)
	tok := b.issue("alice", []string{"read"}, limited(60, burst))
	var allowed, refused atomic.Int64
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for range each {
				switch refusal := b.decide(tok); {
				case refusal == nil:
					allowed.Add(1)
				case refusal.Status == http.StatusTooManyRequests:
					refused.Add(1)
				}
			}
		})
	}
	all.Wait()
	if allowed.Load() != burst || refused.Load() != goroutines*each-burst {
		t.Errorf("%d allowed, %d refused", allowed.Load(), refused.Load())
	}
}

// decide runs the steps for a plain request with a token.
func (b *bench) decide(tok string) *Refusal {
	r := httptest.NewRequest(http.MethodGet, myself, http.NoBody)
	r.RemoteAddr = "127.0.0.1:4711"
	r.Header.Set("Authorization", "Bearer "+tok)
	return b.handler.decide(&exchange{request: newRequest(r), settings: b.handler.settings.Load(), start: b.clock.Now()})
}

func TestALimitAllocatesNothing(t *testing.T) {
	b := newBench(t)
	measure := func(tok string) float64 {
		return testing.AllocsPerRun(100, func() {
			if refusal := b.decide(tok); refusal != nil {
				t.Error(refusal)
			}
		})
	}
	with, without := measure(b.issue("alice", []string{"read"}, limited(60, 1000))), measure(b.issue("alice", []string{"read"}))
	if with > without {
		t.Errorf("%v allocations with a limit, %v without", with, without)
	}
}

// The body is not waited for, nor asked for.
func TestOverTheLimitNoBodyIsRead(t *testing.T) {
	b := newBench(t)
	tok := bearer(b.issue("alice", []string{"read", "write"}, limited(60, 1)))
	b.send("GET", myself, tok)
	a := b.raw("POST /jira/rest/api/2/search HTTP/1.1\r\nHost: x\r\n" + tok +
		"\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n")
	if a.StatusCode != http.StatusTooManyRequests {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}
