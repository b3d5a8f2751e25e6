// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

// brokenIdentity are ways of impersonation that have lost their Secret.
func brokenIdentity() map[string]func(*bench) {
	return map[string]func(*bench){
		"oauth":           byOAuth,
		"header":          trustHeader,
		"service account": byAccount("token", ""),
		"CA bundle": func(b *bench) {
			b.config.Impersonation = gatewayconfig.Impersonation{OwnerTokens: &gatewayconfig.OwnerTokens{}}
			b.config.Jira.CABundle = &gatewayconfig.KeyRef{Name: "jira-ca", Key: "ca.crt"}
			server := httptest.NewTLSServer(http.NotFoundHandler())
			b.addSecret("jira-ca", "ca.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
			server.Close()
		},
	}
}

// TestADenyListDoesNotWaitForAKey: what can be compiled is in force, although a Secret is gone; what was made of it goes
// on for the same policy and the same Jira only.
func TestADenyListDoesNotWaitForAKey(t *testing.T) {
	for name, setup := range brokenIdentity() {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, setup)
			good := *b.config
			stays := bearer(b.issue("alice", []string{"read"}))
			goes := bearer(b.issue("alice", []string{"read"})) // dev/token-2
			behindProxy := bearer(b.issue("alice", []string{"read"}, from("203.0.113.0/24")))
			expect := func(what, tok string, status int, says string, lines ...string) {
				t.Helper()
				a := b.send("GET", myself, append(lines, tok)...)
				if a.StatusCode != status || !strings.Contains(a.body, says) {
					t.Errorf("%s: %d %s", what, a.StatusCode, a.body)
				}
			}
			expect("before", goes, http.StatusOK, "")

			lost := b.secrets[len(b.secrets)-1]
			b.removeSecret(lost.Name)
			b.config.Deny.Tokens = []string{"dev/token-2"}
			b.config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
			b.config.MaxStaleness.Duration = time.Minute
			if err := b.tryConfigure(); err == nil || !strings.Contains(err.Error(), lost.Name) {
				t.Errorf("%v", err)
			}
			expect("denied", goes, http.StatusUnauthorized, "denies this token by its name")
			expect("not denied", stays, http.StatusOK, "")
			expect("a proxy that is trusted now", behindProxy, http.StatusOK, "", "X-Forwarded-For: 203.0.113.7")
			b.fresh.set(2*time.Minute, true)
			expect("stale by the new limit", stays, http.StatusServiceUnavailable, "maxStaleness")
			b.fresh.set(0, true)
			b.config.Deny.Namespaces = []string{"elsewhere"}
			if b.tryConfigure() == nil {
				t.Error("once more: no error")
			}
			expect("after another change", stays, http.StatusOK, "")

			b.config.Policy.UID = "uid-2"
			if b.tryConfigure() == nil {
				t.Error("another policy: no error")
			}
			expect("another policy, denied", goes, http.StatusUnauthorized, "denies this token by its name")
			expect("another policy, out of reach", behindProxy, http.StatusForbidden, "source ranges")
			expect("another policy", stays, http.StatusServiceUnavailable, "an administrator must look at the TokenPolicy")
			if got := get(NewAdminHandler(b.handler, b.registry), "/readyz"); got.Code != 503 || !strings.Contains(got.Body.String(), "misconfigured") {
				t.Errorf("%d %s", got.Code, got.Body)
			}

			b.secrets = append(b.secrets, lost)
			b.configure()
			expect("mended", stays, http.StatusOK, "")
			b.removeSecret(lost.Name)
			*b.config = good
			b.config.Policy.UID = "uid-2"
			b.config.Jira.URL = strings.Replace(b.config.Jira.URL, "127.0.0.1", "localhost", 1)
			if b.tryConfigure() == nil {
				t.Error("another Jira: no error")
			}
			expect("another Jira", stays, http.StatusServiceUnavailable, "an administrator must look at the TokenPolicy")
			if strings.Contains(b.send("GET", myself, stays).body, lost.Name) {
				t.Error("the answer names a Secret")
			}
		})
	}
}

func TestAnotherIdentityIsNotKept(t *testing.T) {
	b := newBench(t, byOAuth)
	tok := bearer(b.issue("alice", []string{"read"}))
	b.removeSecret("jira-oauth")
	b.config.Impersonation.OAuth = &gatewayconfig.OAuth{
		ConsumerKey: "other", PrivateKey: gatewayconfig.KeyRef{Name: "jira-oauth", Key: "tls.key"},
	}
	if b.tryConfigure() == nil {
		t.Error("no error")
	}
	a := b.send("GET", myself, tok)
	if a.StatusCode != http.StatusServiceUnavailable || len(b.jira.Received()) != 0 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if line := b.auditLines(1)[0]; line.Decision != "failed" || line.Reason != "misconfigured" {
		t.Errorf("%+v", line)
	}
}

// TestWithdrawnOwnerTokensAreGone: a broken CA bundle keeps the trust of before, not what else the Secrets said then.
func TestWithdrawnOwnerTokensAreGone(t *testing.T) {
	b := newBench(t)
	tok := bearer(b.issue("alice", []string{"read"}))
	b.config.Jira.CABundle = &gatewayconfig.KeyRef{Name: "jira-ca", Key: "ca.crt"}
	if b.tryConfigure() == nil {
		t.Error("no error")
	}
	if a := b.send("GET", myself, tok); a.StatusCode != http.StatusOK {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	b.removeSecret("pat-alice")
	_ = b.tryConfigure()
	if a := b.send("GET", myself, tok); a.StatusCode != http.StatusBadGateway {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// TestStartWithoutAKey: there is nothing to go on with.
func TestStartWithoutAKey(t *testing.T) {
	b := newBench(t)
	b.handler.Close()
	b.handler = New(Options{Grants: b.table, Freshness: b.fresh, Clock: b.clock, Registerer: prometheus.NewRegistry()})
	b.serve()
	b.config.Jira.CABundle = &gatewayconfig.KeyRef{Name: "jira-ca", Key: "ca.crt"}
	b.config.Deny.Owners = []string{"bob"}
	if b.tryConfigure() == nil {
		t.Error("no error")
	}
	for owner, status := range map[string]int{"alice": http.StatusServiceUnavailable, "bob": http.StatusUnauthorized} {
		if a := b.send("GET", myself, bearer(b.issue(owner, []string{"read"}))); a.StatusCode != status {
			t.Errorf("%s: %d %s", owner, a.StatusCode, a.body)
		}
	}
}
