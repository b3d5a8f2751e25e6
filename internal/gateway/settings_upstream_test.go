// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

// newCertificateBench has a Jira that ends the connections of those without a certificate of the authority's.
func newCertificateBench(t *testing.T, ways ...func(*bench)) (*bench, *testAuthority) {
	t.Helper()
	authority := newTestAuthority(t)
	leaf := authority.leaf()
	secure := func(b *bench) {
		b.jira = jiratest.Start(t, jiratest.Config{
			ContextPath: "/jira", BaseURL: jiraBase, Certificate: &leaf, ClientCAs: authority.pool(), MaxHeaderBytes: 8192,
		})
		b.jira.AddUser(jiratest.User{Name: "alice", Permissions: jiratest.Browse | jiratest.Edit})
		b.removeSecret("pat-alice")
		b.addOwnerToken("alice")
		b.config.Jira.URL = b.jira.URL()
		bundle, _ := pairPEM(t, &authority.pair)
		b.addSecret("ca", "ca.crt", string(bundle))
		b.config.Jira.CABundle = &gatewayconfig.KeyRef{Name: "ca", Key: "ca.crt"}
		b.config.Jira.ClientCertificate = "client"
		b.setClientCertificate(authority.leaf())
	}
	return newBench(t, append([]func(*bench){secure}, ways...)...), authority
}

func (b *bench) setClientCertificate(pair tls.Certificate) {
	certificate, key := pairPEM(b, &pair)
	b.setSecret("client", map[string][]byte{"tls.crt": certificate, "tls.key": key})
}

func TestJiraIsShownTheClientCertificateInEachMode(t *testing.T) {
	for _, way := range []func(*bench){func(*bench) {}, byOAuth, trustHeader, byAccount("token", "")} {
		b, _ := newCertificateBench(t, way)
		if a := b.send("GET", myself, bearer(b.issue("alice", []string{"read"}))); a.StatusCode != http.StatusOK {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	}
}

// TestTheClientCertificateIsFollowed: a new one is used for new connections, and what was connected with another one is not
// used again. One that can't be used leaves the last good one in force.
func TestTheClientCertificateIsFollowed(t *testing.T) {
	b, authority := newCertificateBench(t)
	tok := bearer(b.issue("alice", []string{"read"}))
	expect := func(what string, status int, want string) {
		t.Helper()
		if a := b.send("GET", myself, tok); a.StatusCode != status || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s", what, a.StatusCode, a.body)
		}
	}
	expect("a good one", http.StatusOK, "")
	b.setSecret("client", map[string][]byte{"tls.crt": []byte("x"), "tls.key": []byte("s3cret")})
	err := b.tryConfigure()
	if err == nil || !strings.Contains(err.Error(), `secret "client": key "tls.crt" holds no certificate`) ||
		strings.Contains(err.Error(), "s3cret") {
		t.Error(err)
	}
	expect("broken", http.StatusOK, "")
	stranger := newTestAuthority(t)
	b.setClientCertificate(stranger.leaf())
	b.configure()
	expect("a stranger's", http.StatusBadGateway, "can't be reached")
	b.setClientCertificate(authority.leaf())
	b.configure()
	expect("renewed", http.StatusOK, "")
	b.config.Jira.ClientCertificate = ""
	b.configure()
	expect("none any more", http.StatusBadGateway, "can't be reached")
}

func TestEqualUpstreamsShareConnections(t *testing.T) {
	b, _ := newCertificateBench(t)
	before := b.handler.settings.Load()
	b.configure()
	after := b.handler.settings.Load()
	if before == after || before.transport != after.transport {
		t.Error("the same certificate makes another transport")
	}
	lacking := upstreamTLS{roots: x509.NewCertPool()}
	lacking.keep(&after.upstream)
	if lacking.key() != after.upstream.key() || lacking.certificate == nil {
		t.Errorf("%+v", lacking)
	}
}
