// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

// trustHeader impersonates by the header X-Forwarded-User with a shared secret.
func trustHeader(b *bench) {
	b.jira.SetTrustedHeader("X-Forwarded-User", "X-Gateway-Secret", "s3cret")
	b.addSecret("shared", "secret", "s3cret\n")
	b.config.Impersonation = gatewayconfig.Impersonation{Header: &gatewayconfig.Header{
		Name: "X-Forwarded-User", SecretHeader: "X-Gateway-Secret",
		Secret: &gatewayconfig.KeyRef{Name: "shared", Key: "secret"},
	}}
}

// spellings of a header's name that some server takes for the same.
func spellings(name string) []string {
	return []string{
		name, strings.ToLower(name), strings.ToUpper(name), strings.ReplaceAll(name, "-", "_"),
		strings.ToLower(strings.ReplaceAll(name, "-", "_")), strings.Replace(name, "-", "_", 1), strings.ReplaceAll(name, "-", "."),
	}
}

func TestOnlyOurIdentityHeadersReachJira(t *testing.T) {
	b := newBench(t, trustHeader)
	tok := b.issue("alice", []string{"read"})
	b.send("GET", myself, bearer(tok), "X_Harmless: evil", "_: evil")
	if b.jira.Last().Header["X_harmless"] != nil {
		t.Errorf("%v", b.jira.Last().Header)
	}
	for _, name := range []string{
		"X-Forwarded-User", "X-Gateway-Secret", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port",
		"X-Forwarded-Uri", "X-Forwarded-Prefix", "X-Forwarded-Email", "X-Forwarded-Client-Cert", "X-Forwarded-Access-Token",
		"Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP", "X-Original-URL", "X-Rewrite-URL", "X-Remote-User",
		"Remote-User", "X-Seraph-User", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Auth-Request-User",
		"X-AUSERNAME", "Proxy-Authorization", "X-WEBAUTH-USER", "X-Authenticated-User",
		"X-MS-Client-Principal-Name", "X-Goog-Authenticated-User-Email", "Cf-Access-Authenticated-User-Email", "X-Amzn-Oidc-Identity",
		"X-Authentik-Username", "X-Pomerium-Claim-Email", "X-Vouch-User", "Shib-Session-Id", "SM-UNIVERSALID", "X-Shib-User",
		"X-Auth-Username", "X-Auth-Token", "X-SSO-Email", "X-Consumer-Username", "X-Credential-Identifier", "Impersonate-User",
		"SSL-Client-Cert", "X-SSL-Cert", "X-ARR-ClientCert", "X-Azure-ClientIP", "X-AppEngine-User-Email", "Fly-Client-IP",
		"X-Original-User", "X-Forward-For", "X-Forwarded", "X-Userinfo", "X-User-Id", "X-Users", "X-Id-Token", "X-Access-Token",
		"EPPN", "Uid", "My-Remote-User-Name", "X-Principal", "Kerberos-Principal", "X-Impersonate-User",
	} {
		for _, spelling := range spellings(name) {
			lines := []string{bearer(tok), spelling + ": evil", spelling + ": evil2"}
			a := b.send("GET", myself, lines...)
			if a.StatusCode != http.StatusOK {
				t.Errorf("%s: %d %s", spelling, a.StatusCode, a.body)
			}
			for got, values := range b.jira.Last().Header {
				if strings.Contains(strings.Join(values, ","), "evil") {
					t.Errorf("%s reached Jira as %s: %q", spelling, got, values)
				}
			}
		}
	}
	got := b.jira.Last().Header
	want := map[string]string{
		"X-Forwarded-User": "alice", "X-Gateway-Secret": "s3cret", "X-Forwarded-For": "127.0.0.1",
		"X-Forwarded-Host": "jira.example", "X-Forwarded-Proto": "https",
	}
	for name, value := range want {
		if fmt.Sprint(got[name]) != fmt.Sprint([]string{value}) {
			t.Errorf("%s: %q, want %q", name, got[name], value)
		}
	}
	if got.Get("Authorization") != "" || got.Get("Cookie") != "" {
		t.Errorf("credentials of the client reached Jira: %v", got)
	}
}

func TestOurHeadersSurviveAHostileConnectionHeader(t *testing.T) {
	for name, edit := range map[string]func(*bench){"header": trustHeader, "owner token": func(*bench) {}} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, edit)
			a := b.send("GET", myself, bearer(b.issue("alice", []string{"read"})),
				"Connection: ", "Connection: close, x-forwarded-user", "connection: X-Gateway-Secret,,authorization",
				"Connection: x-forwarded-for, host, x-custom", "X-Custom: dropped", "TE: trailers", "Keep-Alive: 5")
			if a.StatusCode != http.StatusOK || b.jira.Last().User != "alice" {
				t.Fatalf("%d %s", a.StatusCode, a.body)
			}
			got := b.jira.Last().Header
			for _, gone := range []string{"X-Custom", "Te", "Keep-Alive"} {
				if got.Get(gone) != "" {
					t.Errorf("%s: %q", gone, got[gone])
				}
			}
			if got.Get("X-Forwarded-For") != "127.0.0.1" {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestWhatPassesUnchanged(t *testing.T) {
	b := newBench(t)
	lines := []string{
		"X-Atlassian-Token: no-check", "X-ExperimentalApi: opt-in", "If-None-Match: \"abc\"", "Range: bytes=0-3",
		"Accept-Language: de", "Accept-Encoding: gzip, br", "User-Agent: Zapier/1.0", "X-Request-Id: 42",
		"X-Requested-With: XMLHttpRequest", "Accept: application/json", "Accept-Charset: utf-8", "Content-Language: de",
		"If-Modified-Since: Mon, 05 Jan 2026 00:00:00 GMT", "If-Range: \"abc\"", "Origin: https://x", "Referer: https://x/y",
		"Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "Tracestate: a=b", "X-Correlation-Id: 1",
		"X-Force-Accept-Language: true", "X-B3-Traceid: 1", "Cache-Control: no-cache", "Pragma: no-cache",
	}
	b.send("GET", myself, append(lines, bearer(b.issue("alice", []string{"read"})), "Cookie: theme=dark; other=1")...)
	got := b.jira.Last().Header
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		if got.Get(name) != value {
			t.Errorf("%s: %q, want %q", name, got.Get(name), value)
		}
	}
	if got.Get("Cookie") != "" {
		t.Errorf("a client's cookie reached Jira: %q", got.Get("Cookie"))
	}
	b.send("GET", myself, bearer(b.issue("alice", []string{"read"})))
	if agent, ok := b.jira.Last().Header["User-Agent"]; ok {
		t.Errorf("a user agent was made up: %q", agent)
	}
}

func TestFormsHeadersOfTheConnectionDoNotDecide(t *testing.T) {
	b := newBench(t)
	tok := bearer(b.issue("alice", []string{"read", "write"}))
	a := b.sendBody("POST", "/jira/rest/api/2/search", "os_username=bob", tok, "Connection: content-type",
		"Content-Type: application/x-www-form-urlencoded")
	if got := b.jira.Last(); got.Header.Get("Content-Type") != "" || got.User != "alice" {
		t.Errorf("%d %+v", a.StatusCode, got)
	}
}

// TestNamesThatAHeaderCanNotCarrySafely: nothing is sent for them. Others can't even be granted.
func TestNamesThatAHeaderCanNotCarrySafely(t *testing.T) {
	b := newBench(t, trustHeader)
	for _, owner := range []string{"älice", "al\u00a0ice", "alice\ufeff", "alice\u200b", "ａlice"} {
		a := b.send("GET", myself, bearer(b.issue(owner, []string{"read"})))
		if a.StatusCode != http.StatusBadGateway || !strings.Contains(a.message(t), "printable ASCII") || len(b.jira.Received()) != 0 {
			t.Errorf("%q: %d %s", owner, a.StatusCode, a.body)
		}
	}
}
