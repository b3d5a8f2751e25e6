// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	v1alpha1 "github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

// testAuthority signs certificates.
type testAuthority struct {
	tb   testing.TB
	pair tls.Certificate
	next int64
}

func newTestAuthority(tb testing.TB) *testAuthority {
	tb.Helper()
	a := &testAuthority{tb: tb, next: 1}
	a.pair = a.sign(&x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil)
	return a
}

func (a *testAuthority) sign(template *x509.Certificate, parent *tls.Certificate) tls.Certificate {
	a.tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.tb.Fatal(err)
	}
	a.next++
	template.SerialNumber, template.Subject = big.NewInt(a.next), pkix.Name{CommonName: "test"}
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	issuer, signer := template, any(key)
	if parent != nil {
		issuer, signer = parent.Leaf, parent.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	if err != nil {
		a.tb.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.tb.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (a *testAuthority) leaf() tls.Certificate {
	return a.sign(&x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, &a.pair)
}

func (a *testAuthority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.pair.Leaf)
	return pool
}

func pairPEM(tb testing.TB, pair *tls.Certificate) (certificate, key []byte) {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// setSecret puts a Secret in the place of one of the same name. The gateway hears of it with configure.
func (b *bench) setSecret(name string, data map[string][]byte) {
	b.removeSecret(name)
	b.secrets = append(b.secrets, gatewayconfig.Secret{
		Name: name, Labels: map[string]string{v1alpha1.LabelPolicy: policyName}, Data: data,
	})
}

func (b *bench) setCertificate(pair tls.Certificate) {
	certificate, key := pairPEM(b, &pair)
	b.setSecret("tls", map[string][]byte{"tls.crt": certificate, "tls.key": key})
}

// newTLSBench serves HTTPS with a certificate of the authority's.
func newTLSBench(t *testing.T, edit ...func(*bench)) (*bench, *testAuthority) {
	t.Helper()
	authority := newTestAuthority(t)
	return newBench(t, append([]func(*bench){func(b *bench) {
		b.config.TLS = &gatewayconfig.TLS{SecretName: "tls"}
		b.setCertificate(authority.leaf())
	}}, edit...)...), authority
}

func (b *bench) client(config *tls.Config) *http.Client {
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	b.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

func (b *bench) ask(client *http.Client, tok string) (*http.Response, error) {
	request, err := http.NewRequest(http.MethodGet, "https://"+b.address+myself, http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+tok)
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response, err
}

// TestCertificateRotatesUnderLoad: no request fails, open connections stay, new ones are shown the new certificate.
func TestCertificateRotatesUnderLoad(t *testing.T) {
	b, authority := newTLSBench(t)
	tok := b.issue("alice", []string{"read"})
	trust := func() *tls.Config {
		return &tls.Config{RootCAs: authority.pool(), ClientSessionCache: tls.NewLRUClientSessionCache(8)}
	}
	lasting := b.client(trust())
	first, err := b.ask(lasting, tok)
	if err != nil || first.StatusCode != http.StatusOK || first.Proto != "HTTP/1.1" {
		t.Fatal(first, err)
	}
	stop, done := make(chan struct{}), atomic.Int64{}
	var load sync.WaitGroup
	for worker := range 4 {
		client := b.client(trust())
		if worker%2 == 0 { // a handshake for each request
			client.Transport.(*http.Transport).DisableKeepAlives = true
		}
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if response, err := b.ask(client, tok); err != nil || response.StatusCode != http.StatusOK {
					t.Errorf("%v %v", response, err)
					return
				}
				done.Add(1)
			}
		})
	}
	var last tls.Certificate
	for range 10 {
		last = authority.leaf()
		b.setCertificate(last)
		b.configure()
		for seen := done.Load(); done.Load() < seen+8 && !t.Failed(); {
			time.Sleep(time.Millisecond)
		}
	}
	close(stop)
	load.Wait()
	old, err := b.ask(lasting, tok)
	if err != nil || !old.TLS.PeerCertificates[0].Equal(first.TLS.PeerCertificates[0]) {
		t.Errorf("the connection from before was ended: %v %v", old, err)
	}
	now, err := b.ask(b.client(trust()), tok)
	if err != nil || !now.TLS.PeerCertificates[0].Equal(last.Leaf) {
		t.Errorf("a new connection is not shown the new certificate: %v %v", now, err)
	}
}

func TestOnlyModernHandshakes(t *testing.T) {
	b, authority := newTLSBench(t)
	for name, c := range map[string]struct {
		config *tls.Config
		works  bool
	}{
		"TLS 1.3":         {&tls.Config{MinVersion: tls.VersionTLS13}, true},
		"TLS 1.2":         {&tls.Config{MaxVersion: tls.VersionTLS12}, true},
		"TLS 1.1":         {&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, false},
		"CBC":             {&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}, false},
		"GCM":             {&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}, true},
		"HTTP/2 or 1.1":   {&tls.Config{NextProtos: []string{"h2", "http/1.1"}}, true},
		"HTTP/2 only":     {&tls.Config{NextProtos: []string{"h2"}}, false},
		"unknown roots":   {&tls.Config{RootCAs: x509.NewCertPool()}, false},
		"no protocol say": {&tls.Config{}, true},
	} {
		if c.config.RootCAs == nil {
			c.config.RootCAs = authority.pool()
		}
		conn, err := tls.Dial("tcp", b.address, c.config)
		if (err == nil) != c.works {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		if got := conn.ConnectionState().NegotiatedProtocol; got != "" && got != "http/1.1" {
			t.Errorf("%s: speaks %s", name, got)
		}
		_ = conn.Close()
	}
	for testutil.ToFloat64(b.handler.metrics.handshakeErrors) < 4 { // the test's own time-out ends it
		time.Sleep(time.Millisecond)
	}
}

// TestHTTP2IsNotSpoken: neither rapid reset (CVE-2023-39325) nor a CONTINUATION flood (CVE-2023-45288) has anything to act
// on, also for a client that does not ask.
func TestHTTP2IsNotSpoken(t *testing.T) {
	b, authority := newTLSBench(t)
	conn, err := tls.Dial("tcp", b.address, &tls.Config{RootCAs: authority.pool()})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	settings := "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	_, _ = io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"+settings)
	reply, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(reply), "HTTP/1.1 ") || strings.Contains(string(reply), " 200 ") {
		t.Errorf("%q %v", reply, err)
	}
}

// TestWrongKeyKeepsTheCertificate: so does a Secret that is gone.
func TestWrongKeyKeepsTheCertificate(t *testing.T) {
	b, authority := newTLSBench(t)
	tok := b.issue("alice", []string{"read"})
	before, err := b.ask(b.client(&tls.Config{RootCAs: authority.pool()}), tok)
	if err != nil {
		t.Fatal(err)
	}
	next, other := authority.leaf(), authority.leaf()
	certificate, _ := pairPEM(t, &next)
	_, key := pairPEM(t, &other)
	for says, data := range map[string]map[string][]byte{
		`"tls": key "tls.key" holds no private key`: {"tls.crt": certificate, "tls.key": key},
		`"tls": key "tls.crt" holds no certificate`: {"tls.key": key},
		`"tls" was not found`:                       nil,
	} {
		b.setSecret("tls", data)
		if data == nil {
			b.removeSecret("tls")
		}
		if err := b.tryConfigure(); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), string(key)) {
			t.Errorf("%s: %v", says, err)
		}
		now, err := b.ask(b.client(&tls.Config{RootCAs: authority.pool()}), tok)
		if err != nil || now.StatusCode != http.StatusOK || !now.TLS.PeerCertificates[0].Equal(before.TLS.PeerCertificates[0]) {
			t.Errorf("%s: %v %v", says, now, err)
		}
		if problem := b.handler.unready(); problem != "" {
			t.Errorf("%s: %s", says, problem)
		}
	}
}

// TestAnExpiredCertificateReplacesNoValidOne: a Secret out of a backup is such a one.
func TestAnExpiredCertificateReplacesNoValidOne(t *testing.T) {
	b, authority := newTLSBench(t)
	b.clock.SetTime(time.Now())
	tok := b.issue("alice", []string{"read"})
	b.setCertificate(authority.sign(&x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(-time.Minute),
	}, &authority.pair))
	b.configure()
	if warnings := strings.Join(b.handler.settings.Load().Warnings(), "; "); !strings.Contains(warnings, `Secret "tls" is valid from`) {
		t.Errorf("warnings: %q", warnings)
	}
	if a, err := b.ask(b.client(&tls.Config{RootCAs: authority.pool()}), tok); err != nil || a.StatusCode != http.StatusOK {
		t.Errorf("%v %v", a, err)
	}
}

// TestWithoutACertificateNothingIsServed, in plain least of all; it is with the first one, without a restart.
func TestWithoutACertificateNothingIsServed(t *testing.T) {
	b := newBench(t)
	tok := b.issue("alice", []string{"read"})
	plain := b.dial()
	_ = plain.SetDeadline(time.Now().Add(30 * time.Second))
	answers := bufio.NewReader(plain)
	request := "GET " + myself + " HTTP/1.1\r\nHost: x\r\n" + bearer(tok) + "\r\n\r\n"
	_, _ = io.WriteString(plain, request)
	if a := b.readAnswer(answers, "GET"); a.StatusCode != http.StatusOK {
		t.Fatal(a.StatusCode, a.body)
	}
	b.config.TLS = &gatewayconfig.TLS{SecretName: "tls"}
	if err := b.tryConfigure(); err == nil {
		t.Error("no certificate, and no complaint")
	}
	if problem := b.handler.unready(); !strings.Contains(problem, "certificate") {
		t.Errorf("ready: %q", problem)
	}
	b.jira.Reset()
	_, _ = io.WriteString(plain, request)
	if a := b.readAnswer(answers, "GET"); a.StatusCode != http.StatusMisdirectedRequest || !a.Close ||
		!strings.Contains(a.message(t), "HTTPS only") {
		t.Errorf("a connection from before: %d %s", a.StatusCode, a.body)
	}
	conn := b.dial()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	_, _ = io.WriteString(conn, request)
	if reply, _ := io.ReadAll(conn); len(reply) > 0 {
		t.Errorf("in plain: %q", reply)
	}
	if got := b.jira.Received(); len(got) > 0 {
		t.Errorf("Jira received %+v", got)
	}
	authority := newTestAuthority(t)
	b.setCertificate(authority.leaf())
	b.configure()
	if a, err := b.ask(b.client(&tls.Config{RootCAs: authority.pool()}), tok); err != nil || a.StatusCode != http.StatusOK {
		t.Errorf("%v %v", a, err)
	}
	if problem := b.handler.unready(); problem != "" {
		t.Error(problem)
	}
	if a := b.raw(request); a.StatusCode != http.StatusBadRequest {
		t.Errorf("plain HTTP on the port of HTTPS: %d %s", a.StatusCode, a.body)
	}
}

func TestClientCertificates(t *testing.T) {
	clients, strangers := newTestAuthority(t), newTestAuthority(t)
	bundle, _ := pairPEM(t, &clients.pair)
	b, authority := newTLSBench(t, func(b *bench) {
		b.setSecret("clients", map[string][]byte{"ca.crt": bundle})
		b.config.TLS.ClientCA = &gatewayconfig.KeyRef{Name: "clients", Key: "ca.crt"}
	})
	tok := b.issue("alice", []string{"read"})
	with := func(certificates ...tls.Certificate) *http.Client {
		return b.client(&tls.Config{RootCAs: authority.pool(), GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if len(certificates) == 0 {
				return &tls.Certificate{}, nil
			}
			return &certificates[0], nil
		}})
	}
	for _, required := range []bool{false, true} {
		b.config.TLS.ClientRequired = required
		b.configure()
		for name, c := range map[string]struct {
			client *http.Client
			works  bool
		}{
			"ours": {with(clients.leaf()), true}, "none": {with(), !required}, "a stranger's": {with(strangers.leaf()), false},
		} {
			if a, err := b.ask(c.client, tok); (err == nil && a.StatusCode == http.StatusOK) != c.works {
				t.Errorf("required=%t, %s: %v %v", required, name, a, err)
			}
		}
		if a, err := b.ask(with(clients.leaf()), "jat_unknown"); err != nil || a.StatusCode != http.StatusUnauthorized {
			t.Errorf("a certificate is not a token: %v %v", a, err)
		}
	}
	// A connection from before another authority is asked for ends; the same bundle, broken, changes nothing.
	client := with(clients.leaf())
	if a, err := b.ask(client, tok); err != nil || a.StatusCode != http.StatusOK {
		t.Fatal(a, err)
	}
	b.setSecret("clients", map[string][]byte{"ca.crt": []byte("broken")})
	if err := b.tryConfigure(); err == nil || !strings.Contains(err.Error(), `secret "clients": key "ca.crt" holds no certificate`) {
		t.Error(err)
	}
	if a, err := b.ask(client, tok); err != nil || a.StatusCode != http.StatusOK {
		t.Error(a, err)
	}
	bundle, _ = pairPEM(t, &strangers.pair)
	b.setSecret("clients", map[string][]byte{"ca.crt": bundle})
	b.configure()
	if a, err := b.ask(client, tok); err != nil || a.StatusCode != http.StatusMisdirectedRequest {
		t.Error(a, err)
	}
	if a, err := b.ask(client, tok); err == nil {
		t.Errorf("an authority that is not believed any more: %d", a.StatusCode)
	}
	// Authorities that there is nothing for: nobody is let in on the word of others.
	b.config.TLS.ClientCA = &gatewayconfig.KeyRef{Name: "missing", Key: "ca.crt"}
	_ = b.tryConfigure()
	if problem := b.handler.unready(); !strings.Contains(problem, "authorities of client certificates") {
		t.Errorf("%q", problem)
	}
	if a, err := b.ask(with(strangers.leaf()), tok); err == nil {
		t.Errorf("%d", a.StatusCode)
	}
}

// TestChangedCABundleReconnects: Jira's certificate moves to another authority, and the bundle follows. What was connected
// by the word of the old one is not used again.
func TestChangedCABundleReconnects(t *testing.T) {
	before, after := newTestAuthority(t), newTestAuthority(t)
	shown := atomic.Pointer[tls.Certificate]{}
	show := func(pair tls.Certificate) { shown.Store(&pair) }
	show(before.leaf())
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-AUSERNAME", "alice")
		w.Header().Set("X-Peer", r.RemoteAddr)
	}))
	server.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{Certificates: []tls.Certificate{*shown.Load()}}, nil
	}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	oldBundle, _ := pairPEM(t, &before.pair)
	newBundle, _ := pairPEM(t, &after.pair)
	b := newBench(t, func(b *bench) {
		b.config.Jira.URL = server.URL + "/jira"
		b.config.Jira.CABundle = &gatewayconfig.KeyRef{Name: "ca", Key: "ca.crt"}
		b.setSecret("ca", map[string][]byte{"ca.crt": oldBundle})
	})
	tok := bearer(b.issue("alice", []string{"read"}))
	peers := map[string]bool{}
	for _, step := range []struct {
		bundle []byte
		status int
		peers  int
	}{{oldBundle, 200, 1}, {newBundle, 200, 2}, {newBundle, 200, 2}, {oldBundle, 502, 2}, {newBundle, 200, 3}} {
		b.setSecret("ca", map[string][]byte{"ca.crt": step.bundle})
		b.configure()
		a := b.send("GET", myself, tok)
		if peer := a.Header.Get("X-Peer"); peer != "" {
			peers[peer] = true
		}
		if a.StatusCode != step.status || len(peers) != step.peers {
			t.Errorf("%d %s by %v, want %d by %d connections", a.StatusCode, a.body, peers, step.status, step.peers)
		}
		show(after.leaf())
	}
}
