// SPDX-License-Identifier: Apache-2.0

package jira_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/internal/impersonate"
	"github.com/jiratokens/jira-token-operator/internal/jira"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

const (
	baseURL  = "https://jira.example/jira"
	password = "s3cret pass:word"
)

// start is a Jira that knows itself by another address than that of its socket, with root, who administers it.
func start(t *testing.T) *jiratest.Server {
	t.Helper()
	srv := jiratest.Start(t, jiratest.Config{ContextPath: "/jira", BaseURL: baseURL})
	srv.AddUser(jiratest.User{Name: "Root@corp.example", Password: password, Permissions: jiratest.Browse | jiratest.Admin})
	srv.AddUser(jiratest.User{Name: "alice", Password: password, Key: "JIRAUSER1", Groups: []string{"developers"}})
	srv.AddUser(jiratest.User{Name: "gone", Key: "JIRAUSER2", Inactive: true, Groups: []string{"developers"}})
	return srv
}

func clientFor(t *testing.T, srv *jiratest.Server, credential jira.Credential) *jira.Client {
	t.Helper()
	c, err := jira.New(jira.Options{URL: srv.URL(), BaseURL: baseURL, Credential: credential, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func asRoot(t *testing.T) jira.Credential {
	t.Helper()
	credential, err := jira.Password("root@corp.example", password)
	if err != nil {
		t.Fatal(err)
	}
	return credential
}

func pat(t *testing.T, token string) jira.Credential {
	t.Helper()
	credential, err := jira.PersonalAccessToken(token)
	if err != nil {
		t.Fatal(err)
	}
	return credential
}

func oauth(t *testing.T, srv *jiratest.Server, username string) jira.Credential {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	srv.SetOAuthConsumer("jiratokens", &key.PublicKey)
	consumer, err := impersonate.NewOAuth(impersonate.Consumer{Key: "jiratokens", PrivateKey: key}, baseURL, clock.RealClock{})
	if err != nil {
		t.Fatal(err)
	}
	return jira.Impersonated(consumer, username)
}

func TestCredentials(t *testing.T) {
	srv := start(t)
	for via, credential := range map[string]jira.Credential{
		"basic": asRoot(t), "pat": pat(t, srv.AddPAT("root@corp.example")), "oauth": oauth(t, srv, "ROOT@corp.example"),
	} {
		c := clientFor(t, srv, credential)
		members, err := c.GroupMembers(t.Context(), "developers")
		if err != nil || len(members) != 2 {
			t.Errorf("%s: %v %v", via, members, err)
		}
		last := srv.Last()
		if last.Via != via || last.User != "Root@corp.example" || last.Host != "jira.example" ||
			last.Header.Get("User-Agent") != "jira-token-operator" {
			t.Errorf("%s: Jira saw %+v", via, last)
		}
	}
}

// TestClientCertificate: a Jira that asks for one is not reached without.
func TestClientCertificate(t *testing.T) {
	pair, roots := selfSigned(t)
	srv := jiratest.Start(t, jiratest.Config{ContextPath: "/jira", BaseURL: baseURL, Certificate: pair, ClientCAs: roots})
	srv.AddUser(jiratest.User{Name: "root", Password: password, Permissions: jiratest.Browse | jiratest.Admin})
	credential, err := jira.Password("root", password)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []*tls.Certificate{pair, nil} {
		c, err := jira.New(jira.Options{URL: srv.URL(), BaseURL: baseURL, Roots: roots, Certificate: shown, Credential: credential})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.UserByName(t.Context(), "root")
		if (err == nil) != (shown != nil) {
			t.Errorf("with a certificate: %t: %v", shown != nil, err)
		}
		c.Close()
	}
}

// selfSigned is a certificate for 127.0.0.1 that vouches for itself, as a server and as a client.
func selfSigned(t *testing.T) (*tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, roots
}

// Each of these is somebody whom Jira does not know, or knows as another, and must not be believed.
func TestRefusedCredentials(t *testing.T) {
	srv := start(t)
	revoked := srv.AddPAT("root@corp.example")
	srv.RevokePAT(revoked)
	wrong, err := jira.Password("root@corp.example", "Wr0ng-one")
	if err != nil {
		t.Fatal(err)
	}
	stranger := oauth(t, srv, "nobody") // a name that is none is anonymous to Jira
	for name, c := range map[string]struct {
		credential jira.Credential
		fault      jiratest.Fault
		want       string
	}{
		"revoked token":       {pat(t, revoked), jiratest.Fault{}, "status 401"},
		"wrong password":      {wrong, jiratest.Fault{}, "status 401"},
		"oauth, unknown user": {stranger, jiratest.Fault{}, "status 401"},
		"not an admin":        {pat(t, srv.AddPAT("alice")), jiratest.Fault{}, "reading groups takes a Jira administrator"},
		"login page":          {asRoot(t), jiratest.Fault{LoginRedirect: true}, "login page"},
		"single sign-on": {asRoot(t), jiratest.Fault{
			Status: 302, Header: http.Header{"Location": {"/jira/plugins/servlet/samlsso?x=y"}},
		}, "login page"},
		"silently anonymous": {asRoot(t), jiratest.Fault{Header: http.Header{"X-AUSERNAME": {"anonymous"}}}, "anonymous"},
		"anonymous token": {
			pat(t, srv.AddPAT("root@corp.example")), jiratest.Fault{Header: http.Header{"X-AUSERNAME": {"anonymous"}}}, "anonymous",
		},
		"somebody else": {asRoot(t), jiratest.Fault{Header: http.Header{"X-AUSERNAME": {"mallory"}}}, `"mallory"`},
	} {
		srv.ClearFaults()
		srv.Fault(c.fault)
		members, err := clientFor(t, srv, c.credential).GroupMembers(t.Context(), "developers")
		var refused *jira.RefusedError
		if !errors.As(err, &refused) || refused.Everywhere == (name == "not an admin") || !strings.Contains(err.Error(), c.want) || members != nil {
			t.Errorf("%s: want a refusal with %q, have %v %T: %v", name, c.want, members, err, err)
		}
		for _, secret := range []string{revoked, password, "Wr0ng-one"} {
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error holds a credential: %v", name, err)
			}
		}
	}
}

func TestCaptchaIsExplained(t *testing.T) {
	srv := start(t)
	wrong, err := jira.Password("alice", "Wr0ng-one")
	if err != nil {
		t.Fatal(err)
	}
	c := clientFor(t, srv, wrong)
	for range 4 {
		_, err = c.UserByName(t.Context(), "alice")
	}
	if err == nil || !strings.Contains(err.Error(), "log in once in a browser") {
		t.Error(err)
	}
}

// None of these says anything about a group, least of all that it is gone or empty.
func TestAnswersThatDoNotCount(t *testing.T) {
	srv := start(t)
	rewrite := func(body string) jiratest.Fault {
		return jiratest.Fault{Rewrite: func(*http.Request, []byte) []byte { return []byte(body) }}
	}
	for name, c := range map[string]struct {
		fault jiratest.Fault
		want  string
	}{
		"another server's 404":  {jiratest.Fault{Status: 404}, "no REST API of Jira at this address"},
		"not Jira's":            {jiratest.Fault{OmitUserName: true}, "lacks the header X-AUSERNAME"},
		"not a name":            {jiratest.Fault{Header: http.Header{"X-AUSERNAME": {"%zz"}}}, "can't be read"},
		"elsewhere":             {jiratest.Fault{Status: 301, Header: http.Header{"Location": {"https://new.example/"}}}, "another address"},
		"not modified":          {jiratest.Fault{Status: 304}, "another address"},
		"maintenance":           {jiratest.Fault{Status: 503}, "status 503"},
		"no JSON":               {rewrite("<html>root:" + password), "not the JSON"},
		"other JSON":            {rewrite(`[1]`), "not the JSON"},
		"empty":                 {rewrite(``), "not the JSON"},
		"no members and no end": {rewrite(`{}`), "ends before its last page"},
		"no names":              {rewrite(`{"isLast":true,"values":[{"accountId":"5b10","active":true}]}`), "without names and keys"},
		"two keys":              {rewrite(`{"isLast":true,"values":[{"name":"a","key":"1"},{"name":"A","key":"2"}]}`), "two keys"},
		"too large":             {rewrite(`{"x":"` + strings.Repeat("x", 4<<20) + `"}`), "more than 4 MiB"},
		"dropped":               {jiratest.Fault{Drop: true}, "can't be reached"},
	} {
		srv.ClearFaults()
		srv.Fault(c.fault)
		_, err := clientFor(t, srv, asRoot(t)).GroupMembers(t.Context(), "developers")
		var unavailable *jira.UnavailableError
		if !errors.As(err, &unavailable) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), password) {
			t.Errorf("%s: want %q, have %T: %v", name, c.want, err, err)
		}
		if unavailable != nil && unavailable.Everywhere {
			t.Errorf("%s: another group may fare better", name)
		}
	}
}

func TestTooManyRequests(t *testing.T) {
	srv := start(t)
	srv.Fault(jiratest.Fault{Status: 429})
	_, err := clientFor(t, srv, asRoot(t)).UserByName(t.Context(), "alice")
	var unavailable *jira.UnavailableError
	if !errors.As(err, &unavailable) || unavailable.RetryAfter != 5*time.Second || !unavailable.Everywhere {
		t.Errorf("%+v %v", unavailable, err)
	}
	srv.Fault(jiratest.Fault{Status: 429, Header: http.Header{"Retry-After": {"99999999999999"}}})
	_, err = clientFor(t, srv, asRoot(t)).UserByName(t.Context(), "alice")
	if !errors.As(err, &unavailable) || unavailable.RetryAfter > time.Hour {
		t.Errorf("%+v %v", unavailable, err)
	}
}

func TestTimeouts(t *testing.T) {
	for name, fault := range map[string]jiratest.Fault{"hangs": {Hang: true}, "stalls": {Stall: true}} {
		srv := start(t)
		srv.Fault(fault)
		c, err := jira.New(jira.Options{URL: srv.URL(), Credential: asRoot(t), Timeout: 50 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.UserByName(t.Context(), "alice")
		var unavailable *jira.UnavailableError
		if !errors.As(err, &unavailable) || !strings.Contains(err.Error(), "did not answer within 50ms") {
			t.Errorf("%s: %v", name, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err = c.UserByName(ctx, "alice"); !errors.Is(err, context.Canceled) || errors.As(err, &unavailable) {
			t.Errorf("%s: Jira is blamed for our own end: %v", name, err)
		}
		c.Close()
	}
}

func TestNobodyAnswers(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	c, err := jira.New(jira.Options{URL: closed.URL, Credential: asRoot(t)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.UserByName(t.Context(), "alice")
	var unavailable *jira.UnavailableError
	if !errors.As(err, &unavailable) || !unavailable.Everywhere || !strings.Contains(err.Error(), "connection refused") {
		t.Error(err)
	}
	if strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("the message would change with each port: %v", err)
	}
}

func TestCertificates(t *testing.T) {
	srv := start(t)
	server := httptest.NewTLSServer(srv)
	defer server.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(server.Certificate())
	for name, c := range map[string]struct {
		roots *x509.CertPool
		want  string
	}{"trusted": {trusted, ""}, "the system's": {nil, "certificate"}, "nobody": {x509.NewCertPool(), "certificate"}} {
		client, err := jira.New(jira.Options{URL: server.URL + "/jira", Roots: c.roots, Credential: asRoot(t)})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.UserByName(t.Context(), "alice")
		client.Close()
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOptionsThatCantBeUsed(t *testing.T) {
	for _, o := range []jira.Options{{URL: "jira.example", Credential: asRoot(t)}, {URL: "https://jira.example"}} {
		if _, err := jira.New(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
	for _, name := range []string{"", "a:b", "a\nb"} {
		if _, err := jira.Password(name, "x"); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
	for _, secret := range []string{"", "a\r\nX-Header: b"} {
		_, err := jira.PersonalAccessToken(secret)
		_, passwordErr := jira.Password("a", secret)
		if err == nil || passwordErr == nil || strings.Contains(fmt.Sprint(err, passwordErr), "X-Header") {
			t.Errorf("%q: %v %v", secret, err, passwordErr)
		}
	}
}
