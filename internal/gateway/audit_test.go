// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

func TestAuditLines(t *testing.T) {
	b := newBench(t)
	tok := b.issue("alice", []string{"read", "admin"})
	for _, step := range []struct {
		target string
		lines  []string
		check  func(auditLine) bool
	}{
		{myself + "?secret=1", []string{bearer(tok), "User-Agent: Zapier/1.0"}, func(l auditLine) bool {
			return l.Decision == "allowed" && l.Path == myself && l.UserAgent == "Zapier/1.0" && l.Address == "127.0.0.1" &&
				l.JiraUser == "alice" && l.JiraRequestID != "" && l.BytesSent > 0 && l.UpstreamStatus == 200 && l.Operation == "get the current user"
		}},
		{myself, []string{bearer(unknownToken)}, func(l auditLine) bool {
			return l.Decision == "refused" && l.Reason == "unknown" && l.ClaimedID == unknownToken[4:16] && l.TokenID == "" && l.Status == 401
		}},
		{"/jira/rest/api/2/issue/" + tok, nil, func(l auditLine) bool {
			return l.Reason == "leaked" && l.Path == "/jira/rest/api/2/issue/jat_[redacted]" && l.ClaimedID == tok[4:16]
		}},
		{"/jira//rest/" + strings.Replace(tok, "jat_", "%6aat_", 1), nil, func(l auditLine) bool {
			return l.Reason == "path" && l.Path == redactedToken
		}},
		{myself, []string{bearer(tok), "User-Agent: x " + tok}, func(l auditLine) bool {
			return l.Reason == "leaked" && l.UserAgent == "x jat_[redacted]" && l.ClaimedID == tok[4:16]
		}},
		{"/jira/rest/cb-automation/latest/hooks/53cr3t", []string{bearer(tok)}, func(l auditLine) bool {
			return l.Path == "/jira/rest/cb-automation/latest/hooks/[redacted]"
		}},
		{"/jira/rest/cb-automation/latest/%68ooks/53cr3t?a", []string{bearer(tok)}, func(l auditLine) bool {
			return l.Path == "/jira/rest/cb-automation/latest/hooks/[redacted]"
		}},
		{"/jira//rest/cb-automation/1.0/%48OOKS/53cr3t", []string{bearer(tok)}, func(l auditLine) bool {
			return l.Reason == "path" && l.Path == "/jira//rest/cb-automation/1.0/HOOKS/[redacted]"
		}},
		{"/jira/rest/api/2/issue/" + strings.Repeat("a", 2000), []string{bearer(tok), "User-Agent: " + strings.Repeat("u", 999)}, func(l auditLine) bool {
			return len(l.Path) < 520 && len(l.UserAgent) < 265
		}},
		{myself, []string{bearer(tok), "User-Agent: a\xff\"\\\u2028\t{}"}, func(l auditLine) bool {
			return l.Status == 200 && strings.Contains(l.UserAgent, `"\`)
		}},
	} {
		b.audit.mu.Lock()
		b.audit.buf.Reset()
		b.audit.mu.Unlock()
		b.send("GET", step.target, step.lines...)
		if line := b.auditLines(1)[0]; !step.check(line) {
			t.Errorf("%s %v: %+v", step.target, step.lines, line)
		}
		hash := token.HashOf(tok)
		for _, secret := range []string{tok, tok[17:], unknownToken[17:], hex.EncodeToString(hash[:]), "53cr3t", "secret=1"} {
			if strings.Contains(b.audit.String(), secret) {
				t.Errorf("%s: the log holds %q", step.target, secret)
			}
		}
	}
}

// TestAuditOfATokenThatWasMadeElsewhere: its lines have the id of its credential, and the one that people see in it, by
// which a leaked one is found.
func TestAuditOfATokenThatWasMadeElsewhere(t *testing.T) {
	b := newBench(t)
	tok := b.issue("alice", []string{"read"}, func(c *grant.Credential) { c.ID = c.Hash.DerivedID() })
	b.send("GET", myself, bearer(tok))
	if l := b.auditLines(1)[0]; l.TokenID != token.HashOf(tok).DerivedID() || l.ClaimedID != tok[4:16] || l.Status != 200 {
		t.Errorf("%+v", l)
	}
	issued := b.issue("bob", []string{"read"})
	b.send("GET", myself, bearer(issued))
	if l := b.auditLines(2)[1]; l.TokenID != issued[4:16] || l.ClaimedID != "" {
		t.Errorf("%+v", l)
	}
}

// stuckWriter blocks until it is let go.
type stuckWriter struct {
	release chan struct{}
	to      io.Writer
}

func (w stuckWriter) Write(p []byte) (int, error) { <-w.release; return w.to.Write(p) }

func TestAStuckAuditLogStopsNobodyForEver(t *testing.T) {
	t.Parallel()
	m := newMetrics(prometheus.NewRegistry())
	stuck := stuckWriter{make(chan struct{}), io.Discard}
	log := newAuditLog(stuck, m)
	start := time.Now()
	var all sync.WaitGroup
	for range auditQueue + 20 {
		all.Go(func() { log.write(auditLine{TokenID: "id"}) })
	}
	all.Wait()
	if took := time.Since(start); took > 10*auditPatience { // one after the other it would be 20
		t.Errorf("blocked for %v", took)
	}
	if got := testutil.ToFloat64(m.auditDropped); got < 10 {
		t.Errorf("%v dropped", got)
	}
	close(stuck.release)
	log.close()
	log.close()
	log.write(auditLine{}) // after the end: dropped and counted
}

// TestAFloodDisplacesNobody: the lines of callers who proved nothing, or are over their limit, are dropped at once, and wait
// behind all others.
func TestAFloodDisplacesNobody(t *testing.T) {
	m := newMetrics(prometheus.NewRegistry())
	var out syncBuffer
	stuck := stuckWriter{release: make(chan struct{}), to: &out}
	log := newAuditLog(stuck, m)
	start := time.Now()
	const more = 500
	for range (unprovedQueue + more) / 2 {
		log.write(auditLine{Reason: "unknown"})
		log.write(auditLine{TokenID: "over its limit", Reason: "rate-limit"})
	}
	for range 3 {
		log.write(auditLine{TokenID: "id"})
	}
	if took := time.Since(start); took > 10*auditPatience { // if they waited it would be hundreds
		t.Errorf("blocked for %v", took)
	}
	if got := testutil.ToFloat64(m.auditDropped); got < more-1 || got > more {
		t.Errorf("%v dropped", got)
	}
	close(stuck.release)
	log.close()
	lines := strings.SplitAfter(out.String(), "\n")
	if before, _, found := strings.Cut(out.String(), `"tokenID":"id"`); !found || strings.Count(before, "\n") > 1 {
		t.Errorf("the flood comes first: %q", before)
	}
	if len(lines) < unprovedQueue+3 {
		t.Errorf("%d lines", len(lines))
	}
}

// TestALineKeepsNothingElseInMemory: it waits in a queue, while the head of its request could be 16 KiB.
func TestALineKeepsNothingElseInMemory(t *testing.T) {
	head := strings.Repeat("GET /jira/rest ", 500)
	for _, text := range []string{head[:3], head[4:9], head[:0], head} {
		got := bounded(text, 100)
		from, to := uintptr(unsafe.Pointer(unsafe.StringData(head))), uintptr(unsafe.Pointer(unsafe.StringData(got)))
		if got != "" && to >= from && to < from+uintptr(len(head)) {
			t.Errorf("%q is a part of the head", got)
		}
	}
}

// halfWriter shows lines that interleave.
type halfWriter struct{ syncBuffer }

func (w *halfWriter) Write(p []byte) (int, error) {
	for i := range p {
		_, _ = w.syncBuffer.Write(p[i : i+1])
	}
	return len(p), nil
}

func TestAuditLinesDoNotInterleave(t *testing.T) {
	out := &halfWriter{}
	log := newAuditLog(out, newMetrics(nil))
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { log.write(auditLine{Path: strings.Repeat("x", 100)}) })
	}
	all.Wait()
	log.close()
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, `{"time"`) || !strings.HasSuffix(line, "}\n") {
			t.Errorf("%q", line)
		}
	}
}

func TestMetrics(t *testing.T) {
	b := newBench(t)
	tok := b.issue("alice", []string{"read"})
	b.send("GET", myself, bearer(tok))
	b.send("GET", myself)
	b.send("GET", myself+"?t="+tok)
	b.issue("dave", []string{"read"})
	b.send("GET", myself, bearer(b.issue("dave", []string{"read"})))
	b.auditLines(4)
	admin := NewAdminHandler(b.handler, b.registry)
	text := get(admin, "/metrics").Body.String()
	for _, want := range []string{
		`jiratokens_gateway_requests_total{decision="allowed",reason="allowed"} 1`,
		`jiratokens_gateway_requests_total{decision="refused",reason="no-token"} 1`,
		`jiratokens_gateway_requests_total{decision="failed",reason="impersonation"} 1`,
		"jiratokens_gateway_leaked_tokens_total 1", "jiratokens_gateway_impersonation_failures_total 1",
		"jiratokens_gateway_requests_in_flight 0", `jiratokens_gateway_upstream_responses_total{class="2xx"} 1`,
		"jiratokens_gateway_upstream_duration_seconds_count 1", `jiratokens_gateway_request_duration_seconds_count{decision="allowed"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if strings.Contains(text, tok[4:16]) {
		t.Error("a token's id is in the metrics")
	}
	if problems, err := testutil.GatherAndLint(b.registry); err != nil || len(problems) != 0 {
		t.Errorf("%v %v", problems, err)
	}
	if w := get(admin, "/debug/pprof/"); w.Code != http.StatusNotFound {
		t.Errorf("%d", w.Code)
	}
}
