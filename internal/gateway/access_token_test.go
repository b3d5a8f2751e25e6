// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

const tokenTarget = "/jira/rest/oauth2/latest/token"

// asked counts how often Jira was asked for an access token.
func (b *bench) asked() int {
	n := 0
	for _, r := range b.jira.Received() {
		if r.Target == tokenTarget {
			n++
		}
	}
	return n
}

func (b *bench) pass(d time.Duration) { b.clock.SetTime(b.clock.Now().Add(d)) }

// noSecrets fails if anything that an administrator or a client gets to see holds what it must not.
func (b *bench) noSecrets(seen ...string) {
	b.Helper()
	for _, text := range append(seen, b.logs.String(), b.audit.String()) {
		for _, secret := range []string{"s3cret", "client-1", "what a person may read"} {
			if strings.Contains(text, secret) {
				b.Errorf("%s is in %s", secret, text)
			}
		}
	}
}

func onlyTokens(r *http.Request) bool { return r.URL.Path == tokenTarget }

func TestAnAccessTokenIsRenewedBeforeItsEnd(t *testing.T) {
	b := newBench(t, byClientCredentials)
	tok := bearer(b.issue("alice", []string{"read"}))
	first := b.send("GET", myself, tok)
	sent := b.jira.Last().Header.Get("Authorization")
	if first.StatusCode != http.StatusOK || b.asked() != 1 {
		t.Fatalf("%d %s after %d", first.StatusCode, first.body, b.asked())
	}
	b.pass(52 * time.Minute) // of 60
	b.eventually("renewed", func() bool { b.send("GET", myself, tok); return b.jira.Last().Header.Get("Authorization") != sent })
	if b.asked() != 2 {
		t.Errorf("asked %d times", b.asked())
	}
	for _, r := range b.jira.Received() {
		if r.Target == tokenTarget && (r.Method != http.MethodPost || r.Host != "jira.example" ||
			!strings.Contains(string(r.Body), "scope=WRITE") || r.Header.Get("Authorization") != "") {
			t.Errorf("%+v", r)
		}
	}
	b.noSecrets()
}

// TestWhileJiraGivesNoToken the one that is held is used until it expires; then requests fail with a reason, and none
// reaches Jira.
func TestWhileJiraGivesNoToken(t *testing.T) {
	b := newBench(t, byClientCredentials)
	tok := bearer(b.issue("alice", []string{"read"}))
	remove := b.jira.Fault(jiratest.Fault{Match: onlyTokens, Status: http.StatusServiceUnavailable})
	b.pass(52 * time.Minute)
	b.eventually("reported", func() bool { return strings.Contains(b.logs.String(), "no access token could be fetched") })
	if a := b.send("GET", myself, tok); a.StatusCode != http.StatusOK {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	b.pass(9 * time.Minute)
	b.jira.Reset()
	a := b.send("GET", myself, tok)
	if a.StatusCode != http.StatusBadGateway || !strings.Contains(a.message(t), "no access token can be fetched for it: Jira gave no access token (status 503)") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	for _, r := range b.jira.Received() {
		if r.Target != tokenTarget {
			t.Errorf("%s reached Jira", r.Target)
		}
	}
	b.eventually("tried again", func() bool { return b.asked() > 0 })
	for range 3 {
		asked := b.asked()
		b.eventually("tried again", func() bool { b.pass(10 * time.Second); return b.asked() > asked })
	}
	remove()
	b.eventually("recovered", func() bool {
		b.pass(time.Second) // an attempt that is just ending counts its pause from then
		return b.send("GET", myself, tok).StatusCode == http.StatusOK
	})
	log := b.logs.String()
	if strings.Count(log, "no access token could be fetched") != 1 || strings.Count(log, "can be fetched for the service account again") != 1 {
		t.Errorf("one line for each change:\n%s", log)
	}
	if got := testutil.ToFloat64(b.handler.metrics.accessTokens); got < 5 {
		t.Errorf("%v failures", got)
	}
	b.noSecrets(a.body)
}

// TestARefusedAccessTokenIsRenewed at most every few seconds, and the request is not made again.
func TestARefusedAccessTokenIsRenewed(t *testing.T) {
	b := newBench(t, byClientCredentials)
	tok := bearer(b.issue("alice", []string{"read", "write"}))
	b.jira.RevokeAccessTokens()
	b.jira.Reset()
	for range 20 {
		if a := b.sendBody("POST", "/jira/rest/api/2/issue/DEMO-1/comment", `{"body":"x"}`, tok, "Content-Type: application/json"); a.StatusCode != http.StatusBadGateway {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	}
	if n := len(b.jira.Received()); n != 20 {
		t.Errorf("%d requests of 20", n)
	}
	b.pass(hurryEvery)
	b.eventually("renewed", func() bool { return b.send("GET", myself, tok).StatusCode == http.StatusOK })
	if b.asked() != 1 {
		t.Errorf("asked %d times", b.asked())
	}
}

// TestAWrongClientSecret is said plainly, and leaves the gateway ready: the others need it.
func TestAWrongClientSecret(t *testing.T) {
	b := newBench(t, byClientCredentials, func(b *bench) {
		b.jira.PutServiceAccount(jiratest.ServiceAccount{ClientID: "client-1", ClientSecret: "another", User: "alice"})
	})
	tok := bearer(b.issue("alice", []string{"read"}))
	a := b.send("GET", myself, tok)
	if a.StatusCode != http.StatusBadGateway || !strings.Contains(a.message(t), "did not accept client_id and client_secret (status 401, invalid_client)") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if problem := b.handler.unready(); problem != "" {
		t.Error(problem)
	}
	b.noSecrets(a.body)
	b.secrets[len(b.secrets)-1].Data["client_secret"] = []byte("another")
	b.configure()
	b.eventually("the new secret is used", func() bool { return b.send("GET", myself, tok).StatusCode == http.StatusOK })
}

// TestChangesOfConfigurationKeepTheToken, as far as it is still meant: a new client_secret interrupts nothing.
func TestChangesOfConfigurationKeepTheToken(t *testing.T) {
	b := newBench(t, byClientCredentials)
	tok := bearer(b.issue("alice", []string{"read"}))
	b.configure()
	if b.asked() != 1 {
		t.Errorf("asked %d times for the same", b.asked())
	}
	b.jira.Fault(jiratest.Fault{Match: onlyTokens, Hang: true})
	b.secrets[len(b.secrets)-1].Data["client_secret"] = []byte("new")
	b.configure()
	b.eventually("asked with the new secret", func() bool { return b.asked() == 2 })
	if a := b.send("GET", myself, tok); a.StatusCode != http.StatusOK {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	b.removeSecret("account") // what worked is kept
	if err := b.tryConfigure(); err == nil || !strings.Contains(err.Error(), `secret "account" was not found`) {
		t.Error(err)
	}
	if a := b.send("GET", myself, tok); a.StatusCode != http.StatusOK {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	byClientCredentials(b)
	b.config.Impersonation.ServiceAccount.OAuth2.Scope = "READ"
	if err := b.tryConfigure(); err != nil {
		t.Fatal(err)
	}
	a := b.send("GET", myself, tok)
	if a.StatusCode != http.StatusBadGateway || !strings.Contains(a.message(t), "just being fetched") {
		t.Errorf("a token with WRITE is used where READ is wanted: %d %s", a.StatusCode, a.body)
	}
	if problem := b.handler.unready(); problem != "" {
		t.Errorf("a change makes all gateways unready at once: %q", problem)
	}
}

// TestANewGatewayWaitsForItsToken, but not longer than for one attempt: requests would come too early.
func TestANewGatewayWaitsForItsToken(t *testing.T) {
	b := newBench(t, byClientCredentials)
	for name, fault := range map[string]jiratest.Fault{"taken": {}, "refused": {Status: http.StatusServiceUnavailable}} {
		fault.Match = onlyTokens
		hang := b.jira.Fault(jiratest.Fault{Match: onlyTokens, Hang: true})
		h := New(Options{Grants: b.table, Freshness: b.fresh, Clock: b.clock, Audit: b.audit, Log: logr.Discard()})
		h.Configure(must(Compile(b.config, b.secrets)))
		if problem := h.unready(); !strings.Contains(problem, "no access token") {
			t.Errorf("%s: ready before there is anything to use: %q", name, problem)
		}
		h.Close() // with an attempt under way
		h.Configure(must(Compile(b.config, b.secrets)))
		hang()
		remove := b.jira.Fault(fault)
		h = New(Options{Grants: b.table, Freshness: b.fresh, Clock: b.clock, Audit: b.audit, Log: logr.Discard()})
		h.Configure(must(Compile(b.config, b.secrets)))
		b.eventually(name+": ready", func() bool { return h.unready() == "" })
		h.Close()
		remove()
	}
}

// TestWhatAServiceAccountDoesNotReach is Jira's to say.
func TestWhatAServiceAccountDoesNotReach(t *testing.T) {
	b := newBench(t, byClientCredentials, func(b *bench) { b.config.Impersonation.ServiceAccount.OAuth2.Scope = "READ" })
	tok := bearer(b.issue("alice", []string{"read", "write"}))
	if a := b.sendBody("POST", "/jira/rest/api/2/issue/DEMO-1/comment", `{"body":"x"}`, tok, "Content-Type: application/json"); a.StatusCode < 400 {
		t.Errorf("written with READ: %d %s", a.StatusCode, a.body)
	}
	if a := b.send("GET", "/jira/rest/agile/1.0/board", tok); a.StatusCode < 400 {
		t.Errorf("beyond /rest/api/2: %d %s", a.StatusCode, a.body)
	}
	if a := b.send("GET", myself, tok); a.StatusCode != http.StatusOK {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

func TestRenewalPlan(t *testing.T) {
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var r renewal
	for fraction, want := range map[float64]time.Duration{0: 45 * time.Minute, 0.5: 48 * time.Minute, 1: 51 * time.Minute} {
		r.succeeded(began, time.Hour, fraction)
		if r.next.Sub(began).Round(time.Second) != want {
			t.Errorf("%v: %s", fraction, r.next.Sub(began))
		}
	}
	r.hurry()
	if got := r.next.Sub(began); got != hurryEvery {
		t.Errorf("hurry: %s", got)
	}
	for i := range 10 {
		r.succeeded(began, time.Hour, 0)
		r.hurry()
		r.hurry() // many requests are refused
		if got, want := r.next.Sub(began), min(hurryEvery<<(i+1), hurryEvery<<hurryDoublings); got != want {
			t.Errorf("hurried %d times: %s, not %s", i+1, got, want)
		}
	}
	r.succeeded(began, time.Hour, 0)
	r.succeeded(began, time.Hour, 0)
	r.hurry()
	if r.next.Sub(began) != hurryEvery {
		t.Errorf("after a token that was good: %s", r.next.Sub(began))
	}
	last := time.Duration(0)
	for i := range 40 {
		r.failed(began, 0, 0.5)
		pause := r.next.Sub(began)
		if pause < last || pause > retryMost || pause < retryFirst {
			t.Errorf("attempt %d: %s after %s", i, pause, last)
		}
		last = pause
	}
	r.hurry()
	if got := r.next.Sub(began); got != retryMost {
		t.Errorf("hurried while it fails: %s", got)
	}
	for wanted, want := range map[time.Duration]time.Duration{5 * time.Minute: 5 * time.Minute, time.Hour: retryAfterMost} {
		r.failed(began, wanted, 0)
		if r.next.Sub(began) != want {
			t.Errorf("Jira wants %s: %s", wanted, r.next.Sub(began))
		}
	}
	r.succeeded(began, time.Nanosecond, 0)
	if r.next.Sub(began) != time.Second {
		t.Errorf("a token that lives for no time: %s", r.next.Sub(began))
	}
}

// TestAccessTokensAreFetchedAsRequestsAreMade: over TLS with the same authorities and the same certificate, also after it
// was renewed, which interrupts nothing.
func TestAccessTokensAreFetchedAsRequestsAreMade(t *testing.T) {
	b, authority := newCertificateBench(t, byClientCredentials)
	tok := bearer(b.issue("alice", []string{"read"}))
	if a := b.send("GET", myself, tok); a.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	before := b.handler.settings.Load()
	b.setClientCertificate(authority.leaf())
	b.configure()
	after := b.handler.settings.Load()
	if before.transport == after.transport || before.accessTokens == after.accessTokens {
		t.Fatal("nothing was renewed")
	}
	if a := b.send("GET", myself, tok); a.StatusCode != http.StatusOK {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	b.eventually("fetched with the new certificate", func() bool { return b.asked() == 2 })
	b.setClientCertificate(newTestAuthority(t).leaf())
	b.configure()
	b.eventually("a stranger's certificate is not enough", func() bool {
		return strings.Contains(b.logs.String(), "no access token could be fetched")
	})
}
