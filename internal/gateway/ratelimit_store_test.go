// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/test/redistest"
)

// sharing makes two gateways of one policy, each of two replicas, that count in the same store.
func sharing(t *testing.T, server *redistest.Server) [2]*bench {
	t.Helper()
	var out [2]*bench
	for i := range out {
		out[i] = newBench(t, func(b *bench) {
			b.config.Replicas = 2
			b.config.RateLimitStore = &gatewayconfig.RateLimitStore{Address: server.Address}
		})
		out[i].expectStore("1")
	}
	return out
}

// expectStore waits until the store is available, "1", or not, as requests of another token find out.
func (b *bench) expectStore(want string) {
	b.Helper()
	tok := bearer(b.issue("bob", []string{"read"}, limited(1_000_000, 1_000_000)))
	series := "rate_limit_store_available "
	deadline := time.Now().Add(30 * time.Second)
	for {
		b.send("GET", myself, tok)
		_, rest, _ := strings.Cut(b.metricsText(), "\njiratokens_gateway_"+series)
		counting := strings.Contains(b.logs.String(), "counted in the store") || want == "0"
		if strings.HasPrefix(rest, want+"\n") && counting {
			return
		}
		if time.Now().After(deadline) {
			b.Fatalf("not %s%s: %s", series, want, b.logs.String())
		}
		b.clock.SetTime(b.clock.Now().Add(time.Millisecond))
	}
}

func (b *bench) metricsText() string {
	metrics := httptest.NewRecorder()
	NewAdminHandler(b.handler, b.registry).ServeHTTP(metrics, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	return metrics.Body.String()
}

// TestReplicasCountTogether, all of it, and tell of all of it; a replaced credential has a budget of its own.
func TestReplicasCountTogether(t *testing.T) {
	gateways := sharing(t, redistest.Start(t))
	uid := func(c *grant.Credential) { c.Token.UID = "one" }
	first := gateways[0].issue("alice", []string{"read"}, limited(10, 5), uid)
	toks := [2]string{first, gateways[1].issue("alice", []string{"read"}, limited(10, 5), uid)}
	for n := range 5 {
		a := gateways[n%2].send("GET", myself, bearer(toks[n%2]))
		if a.StatusCode != http.StatusOK || ratesOf(a.Header) != rates(4-n, 5, 10, 60) || a.Header.Get("Retry-After") != "" {
			t.Errorf("%d: %d %s", n, a.StatusCode, ratesOf(a.Header))
		}
	}
	for i, g := range gateways {
		a := g.send("GET", myself, bearer(toks[i]))
		if a.StatusCode != http.StatusTooManyRequests || ratesOf(a.Header) != rates(0, 5, 10, 60) || a.Header.Get("Retry-After") != "6" {
			t.Errorf("%d %s %v", a.StatusCode, ratesOf(a.Header), a.Header)
		}
		if want := "the token has used up its rate limit of 10 requests in 60 s, 5 at once; try again in 6 s"; a.message(t) != want {
			t.Errorf("%s\nwant %s", a.message(t), want)
		}
	}
	past := gateways[0].clock.Now().Add(-time.Second)
	old := gateways[0].issue("alice", []string{"read"}, limited(10, 5), uid, func(c *grant.Credential) { c.RetireAt = &past })
	if a := gateways[0].send("GET", myself, bearer(old)); a.StatusCode != http.StatusUnauthorized || ratesOf(a.Header) != rates(4, 5, 10, 60) {
		t.Errorf("%d %s", a.StatusCode, ratesOf(a.Header))
	}
}

// TestTheStoreGoesAway in the middle: each replica goes on with its share, of which it has taken what went through it, and
// no request fails or waits.
func TestTheStoreGoesAway(t *testing.T) {
	server := redistest.Start(t)
	gateways := sharing(t, server)
	uid := func(c *grant.Credential) { c.Token.UID = "one" }
	var toks [2]string
	for i, g := range gateways {
		toks[i] = bearer(g.issue("alice", []string{"read"}, limited(10, 6), uid))
	}
	for range 2 {
		if a := gateways[0].send("GET", myself, toks[0]); a.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", a.StatusCode, a.body)
		}
	}
	server.Kill()
	for _, g := range gateways {
		g.expectStore("0")
	}
	for i, left := range []int{0, 2} { // of a share of 3
		began := time.Now()
		a := gateways[i].send("GET", myself, toks[i])
		if a.StatusCode != http.StatusOK || ratesOf(a.Header) != rates(left, 3, 5, 60) {
			t.Errorf("%d: %d %s", i, a.StatusCode, ratesOf(a.Header))
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%d: took %v", i, took)
		}
	}
	a := gateways[0].send("GET", myself, toks[0])
	if a.StatusCode != http.StatusTooManyRequests || !strings.Contains(a.message(t), "each of the gateway's 2 replicas") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if lines := strings.Count(gateways[0].logs.String(), "store"); lines != 2 {
		t.Errorf("%d lines of the log:\n%s", lines, gateways[0].logs.String())
	}
	for _, outcome := range []string{"counted", "error", "away"} {
		if series := `rate_limit_store_requests_total{outcome="` + outcome + `"}`; !strings.Contains(gateways[0].metricsText(), series) {
			t.Errorf("no %s", series)
		}
	}
	server.Restart(t)
	for _, g := range gateways {
		g.expectStore("1")
	}
	if a := gateways[1].send("GET", myself, toks[1]); a.StatusCode != http.StatusOK || ratesOf(a.Header) != rates(5, 6, 10, 60) {
		t.Errorf("%d %s", a.StatusCode, ratesOf(a.Header))
	}
}

// TestThePasswordOfAStore changes while the gateway runs, or is gone: limits are kept in all cases.
func TestThePasswordOfAStore(t *testing.T) {
	server := redistest.Start(t, "--requirepass", "right", "--user", "gateway", "on", ">secret", "~rate:*", "+@all")
	b := newBench(t, func(b *bench) {
		b.config.RateLimitStore = &gatewayconfig.RateLimitStore{Address: server.Address, SecretName: "valkey"}
		b.addSecret("valkey", "password", "hunter2")
	})
	b.expectStore("0")
	b.expectAllowed(bearer(b.issue("alice", []string{"read"}, limited(60, 4))), 4)
	change := func(data map[string][]byte) error {
		b.removeSecret("valkey")
		if data != nil {
			b.setSecret("valkey", data)
		}
		return b.tryConfigure()
	}
	for _, data := range []map[string][]byte{{"password": []byte("right\n")}, {"username": []byte("gateway"), "password": []byte("secret")}} {
		if err := change(data); err != nil {
			t.Fatal(err)
		}
		b.expectStore("1")
	}
	used := b.handler.settings.Load().countIn()
	for name, data := range map[string]map[string][]byte{"gone": nil, "no password": {"username": []byte("gateway")}} {
		if err := change(data); err == nil || !strings.Contains(err.Error(), `secret "valkey"`) {
			t.Errorf("%s: %v", name, err)
		}
		if b.handler.settings.Load().countIn() != used {
			t.Errorf("%s: the store is not used any more", name)
		}
	}
	b.config.RateLimitStore = nil
	b.configure()
	if b.handler.settings.Load().countIn() != nil || !strings.Contains(b.metricsText(), "store_available 1\n") {
		t.Error("a store that is not wanted any more")
	}
	if said := b.logs.String() + b.audit.String() + b.metricsText(); strings.Contains(said, "hunter2") || strings.Contains(said, "right") {
		t.Errorf("the password is in %s", said)
	}
}

// TestAStoreNobodyLabelled is not used: the label is an administrator's word that the policy may have the Secret.
func TestAStoreNobodyLabelled(t *testing.T) {
	b := newBench(t)
	b.config.RateLimitStore = &gatewayconfig.RateLimitStore{Address: "127.0.0.1:1", SecretName: "valkey"}
	b.secrets = append(b.secrets, gatewayconfig.Secret{Name: "valkey", Data: map[string][]byte{"password": []byte("p")}})
	if err := b.tryConfigure(); err == nil || !strings.Contains(err.Error(), "lacks the label") {
		t.Error(err)
	}
	if b.handler.settings.Load().countIn() != nil || !strings.Contains(b.metricsText(), "store_available 0\n") {
		t.Error("a store is used")
	}
	b.expectAllowed(bearer(b.issue("alice", []string{"read"}, limited(60, 4))), 4)
}

// TestAStoreByTLS is believed by the authorities that the policy names alone.
func TestAStoreByTLS(t *testing.T) {
	authority, other := newTestAuthority(t), newTestAuthority(t)
	authorityPEM, _ := pairPEM(t, &authority.pair)
	otherPEM, _ := pairPEM(t, &other.pair)
	dir, leaf := t.TempDir(), authority.leaf()
	certificate, key := pairPEM(t, &leaf)
	for name, content := range map[string][]byte{"tls.crt": certificate, "tls.key": key} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server := redistest.Start(t, "--tls-port", "PORT", "--tls-auth-clients", "no", "--tls-cert-file", filepath.Join(dir, "tls.crt"),
		"--tls-key-file", filepath.Join(dir, "tls.key"), "--tls-ca-cert-file", filepath.Join(dir, "tls.crt"))
	for name, c := range map[string]struct{ bundle, available string }{
		"its authority": {string(authorityPEM), "1"}, "another": {string(otherPEM), "0"},
	} {
		b := newBench(t, func(b *bench) {
			b.config.RateLimitStore = &gatewayconfig.RateLimitStore{
				Address: server.Address, TLS: &gatewayconfig.RateLimitStoreTLS{CA: &gatewayconfig.KeyRef{Name: "ca", Key: "ca.crt"}},
			}
			b.addSecret("ca", "ca.crt", c.bundle)
		})
		b.expectStore(c.available)
		if said := b.logs.String(); c.available == "0" && !strings.Contains(said, "unknown authority") {
			t.Errorf("%s: %s", name, said)
		}
		b.removeSecret("ca")
		b.addSecret("ca", "ca.crt", "no PEM")
		if err := b.tryConfigure(); err == nil || !strings.Contains(err.Error(), `secret "ca": key "ca.crt" holds no certificate`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
