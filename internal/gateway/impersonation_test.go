// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func pemOf(key *rsa.PrivateKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

func byOAuth(b *bench) {
	b.jira.SetOAuthConsumer("jiratokens", &testKey().PublicKey)
	b.addSecret("jira-oauth", "tls.key", pemOf(testKey()))
	b.config.Impersonation = gatewayconfig.Impersonation{OAuth: &gatewayconfig.OAuth{
		ConsumerKey: "jiratokens", PrivateKey: gatewayconfig.KeyRef{Name: "jira-oauth", Key: "tls.key"},
	}}
}

func byAccount(key, value string) func(*bench) {
	return func(b *bench) {
		if key == "token" {
			value = b.jira.AddPAT("alice")
		}
		b.addSecret("account", key, value)
		b.config.Impersonation = gatewayconfig.Impersonation{
			ServiceAccount: &gatewayconfig.ServiceAccount{Username: "Alice", SecretName: "account"},
		}
	}
}

func byClientCredentials(b *bench) {
	b.jira.PutServiceAccount(jiratest.ServiceAccount{ClientID: "client-1", ClientSecret: "s3cret-1", User: "alice"})
	b.addSecret("account", "client_id", "client-1\n")
	b.secrets[len(b.secrets)-1].Data["client_secret"] = []byte("s3cret-1\n")
	b.config.Impersonation = gatewayconfig.Impersonation{ServiceAccount: &gatewayconfig.ServiceAccount{
		Username: "Alice", OAuth2: &gatewayconfig.OAuth2{SecretName: "account", Scope: "WRITE"},
	}}
}

func byOAuthSHA256(b *bench) {
	byOAuth(b)
	b.config.Impersonation.OAuth.SignatureMethod = "RSA-SHA256"
}

type mode struct {
	name  string
	via   string
	only  bool // can be alice alone
	setup func(*bench)
	// breakIt makes Jira no longer believe the gateway.
	breakIt func(*bench)
}

func modes() []mode {
	return []mode{
		{"ownerTokens", "pat", false, func(*bench) {}, func(b *bench) { b.jira.RevokePAT(patOf(b, "alice")) }},
		{"oauth", "oauth", false, byOAuth, func(b *bench) { b.jira.SetOAuthConsumer("jiratokens", nil) }},
		{"oauth, RSA-SHA256", "oauth", false, byOAuthSHA256, func(b *bench) { b.jira.SetOAuthConsumer("jiratokens", nil) }},
		{"header", "header", false, trustHeader, func(b *bench) { b.jira.SetTrustedHeader("X-Forwarded-User", "X-Gateway-Secret", "new") }},
		{"service account, token", "pat", true, byAccount("token", ""), func(b *bench) { b.jira.RevokePAT(string(b.secrets[len(b.secrets)-1].Data["token"])) }},
		{"service account, password", "basic", true, byAccount("password", "pw-alice"), func(b *bench) {
			b.jira.UpdateUser("alice", func(u *jiratest.User) { u.Password = "new" })
		}},
		{"service account, client credentials", "oauth2", true, byClientCredentials, func(b *bench) { b.jira.RevokeAccessTokens() }},
	}
}

func patOf(b *bench, owner string) string {
	for _, s := range b.secrets {
		if s.Name == "pat-"+owner {
			return strings.TrimSpace(string(s.Data["token"]))
		}
	}
	return ""
}

// eachMode runs a test in each way of impersonation.
func eachMode(t *testing.T, test func(b *bench, m mode)) {
	t.Helper()
	inModes(t, modes(), test)
}

func inModes(t *testing.T, list []mode, test func(b *bench, m mode)) {
	t.Helper()
	for _, m := range list {
		t.Run(m.name, func(t *testing.T) { test(newBench(t, m.setup), m) })
	}
}

func TestEachModeActsAsTheOwner(t *testing.T) {
	eachMode(t, func(b *bench, m mode) {
		owners := []string{"alice", "ALICE"}
		if !m.only {
			owners = append(owners, "bob", "carol@corp.example")
		}
		for _, owner := range owners {
			tok := b.issue(owner, []string{"read", "write"})
			for _, target := range []string{
				myself, "/jira/rest/api/2/myself?", "/jira/rest/api/2/search?jql=project%20in%20[A,b]+AND+x~%22%25%22&maxResults=0",
				"/jira/rest/api/2/search?a=2&a=1&&b&=x&%zz=1&c=%",
			} {
				a := b.send("GET", target, bearer(tok))
				got := b.jira.Last()
				if !strings.EqualFold(got.User, owner) || got.Via != m.via {
					b.Errorf("%s %s: Jira saw %q via %q: %d %s", owner, target, got.User, got.Via, a.StatusCode, a.body)
				}
				if a.StatusCode >= http.StatusInternalServerError {
					b.Errorf("%s %s: %d %s", owner, target, a.StatusCode, a.body)
				}
			}
			a := b.send("GET", myself, "Authorization: "+basic(strings.ToUpper(owner), tok))
			if a.StatusCode != http.StatusOK {
				b.Errorf("Basic: %d %s", a.StatusCode, a.body)
			}
		}
	})
}

func TestBodiesReachJiraInEachMode(t *testing.T) {
	eachMode(t, func(b *bench, _ mode) {
		tok := bearer(b.issue("alice", []string{"read", "write"}))
		a := b.sendBody("POST", "/jira/rest/api/2/issue/DEMO-1/comment", `{"body":"ü"}`, tok, "Content-Type: application/json")
		if a.StatusCode != http.StatusCreated {
			b.Errorf("JSON: %d %s", a.StatusCode, a.body)
		}
		form := url.Values{"jql": {"a = b & c"}, "x": {"1", "2"}}.Encode() + "&plus=+&bar=%7C&empty"
		a = b.sendBody("POST", "/jira/rest/api/2/search?q=1", form, tok, "Content-Type: Application/X-WWW-Form-Urlencoded; charset=UTF-8")
		if got := b.jira.Last(); string(got.Body) != form || got.User != "alice" {
			b.Errorf("form came as %q of %q: %d %s", got.Body, got.User, a.StatusCode, a.body)
		}
		a = b.raw("POST /jira/rest/api/2/search HTTP/1.1\r\nHost: x\r\n" + tok + "\r\nTransfer-Encoding: chunked\r\n" +
			"Content-Type: application/x-www-form-urlencoded\r\n\r\n5\r\njql=x\r\n0\r\nX-Forwarded-User: bob\r\n\r\n")
		if got := b.jira.Last(); string(got.Body) != "jql=x" || got.User != "alice" {
			b.Errorf("chunked form came as %q of %q: %d %s", got.Body, got.User, a.StatusCode, a.body)
		}
	})
}

// TestImpersonationThatFailsNeverReachesTheCaller: whatever goes wrong at Jira, no answer meant for someone else comes
// back.
func TestImpersonationThatFailsNeverReachesTheCaller(t *testing.T) {
	faults := map[string]jiratest.Fault{
		"silently anonymous":     {Anonymous: true},
		"another user":           {As: "bob"},
		"no user name":           {OmitUserName: true},
		"401":                    {Status: 401},
		"redirect to the login":  {LoginRedirect: true},
		"login of another kind":  {Status: 302, Header: http.Header{"Location": {"/jira/login?x=1"}}},
		"broken user name":       {Header: http.Header{"X-AUSERNAME": {"alice%"}}},
		"two user names":         {Header: http.Header{"X-AUSERNAME": {"alice", "bob"}}},
		"raw instead of encoded": {Header: http.Header{"X-AUSERNAME": {"al%2569ce"}}},
		"two names in one":       {Header: http.Header{"X-AUSERNAME": {"alice, bob"}}},
	}
	eachMode(t, func(b *bench, m mode) {
		tok := bearer(b.issue("alice", []string{"read"}))
		check := func(what, target string) {
			a := b.send("GET", target, tok)
			if a.StatusCode != http.StatusBadGateway {
				b.Errorf("%s: %d %s", what, a.StatusCode, a.body)
			}
			message := a.message(b)
			if strings.Contains(a.body, "bob") || strings.Contains(message, "first") {
				b.Errorf("%s: content came through: %s", what, a.body)
			}
			for _, name := range []string{"X-Ausername", "Set-Cookie", "Location", "Etag", "X-Arequestid"} {
				if a.Header.Get(name) != "" {
					b.Errorf("%s: %s came through", what, name)
				}
			}
		}
		for name, fault := range faults {
			remove := b.jira.Fault(fault)
			check(name, "/jira/rest/api/2/issue/DEMO-1")
			remove()
		}
		m.breakIt(b)
		check("the gateway is no longer believed", "/jira/rest/api/2/serverInfo")
	})
}

func TestAnErrorWithoutUserNameKeepsItsStatus(t *testing.T) {
	b := newBench(t)
	tok := bearer(b.issue("alice", []string{"read"}))
	b.jira.Fault(jiratest.Fault{
		Status: 503, OmitUserName: true, Header: http.Header{"Retry-After": {"7"}, "Set-Cookie": {"a=b"}, "X-Secret": {"x"}},
	})
	a := b.send("GET", myself, tok)
	if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") != "7" || a.Header.Get("X-Secret") != "" || a.Header.Get("Set-Cookie") != "" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	a.message(t)
	b.jira.ClearFaults()
	a = b.send("GET", "/jira/rest/api/2/search?jql="+strings.Repeat("a", 9000), tok)
	if a.StatusCode != http.StatusBadRequest || !strings.Contains(a.message(t), "POST long JQL") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

func TestAnOwnerCalledAnonymousCanNotBeProved(t *testing.T) {
	b := newBench(t, trustHeader)
	b.jira.AddUser(jiratest.User{Name: "anonymous", Permissions: jiratest.Browse})
	if a := b.send("GET", myself, bearer(b.issue("anonymous", []string{"read"}))); a.StatusCode != http.StatusBadGateway {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

func TestAMissingOwnerTokenSaysWhatIsNeeded(t *testing.T) {
	b := newBench(t)
	b.jira.AddUser(jiratest.User{Name: "dave", Permissions: jiratest.Browse})
	tok := bearer(b.issue("dave", []string{"read"}))
	a := b.send("GET", myself, tok)
	const labels = "kubectl label secret <name> -n jira-gateway jiratokens.io/policy=jira jiratokens.io/credential=owner-token"
	if a.StatusCode != http.StatusBadGateway || !strings.Contains(a.message(t), `no Jira credential for owner "dave"`) ||
		!strings.HasSuffix(a.message(t), labels) || len(b.jira.Received()) != 0 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	b.addOwnerToken("Dave") // and a change of settings takes effect without a restart
	b.configure()
	if a := b.send("GET", myself, tok); a.StatusCode != http.StatusOK {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// TestAnExpiredOwnerTokenSaysSo once Jira refuses it: a wrong time in the Secret takes nothing away.
func TestAnExpiredOwnerTokenSaysSo(t *testing.T) {
	b := newBench(t)
	tok := bearer(b.issue("Alice", []string{"read"}))
	expires := func(at string) {
		for i := range b.secrets {
			if b.secrets[i].Name == "pat-alice" {
				b.secrets[i].Data["expiresAt"] = []byte(at)
			}
		}
		b.configure()
	}
	for at, want := range map[string]string{
		"2020-01-31T00:00:00Z\n":    `the Jira token of the token's owner "Alice", which the gateway uses, expired on 2020-01-31T00:00:00Z`,
		"2999-01-31T00:00:00+02:00": "Jira refused the gateway's credential",
		"soon":                      "Jira refused the gateway's credential",
	} {
		expires(at)
		if a := b.send("GET", myself, tok); a.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", at, a.StatusCode, a.body)
		}
		remove := b.jira.Fault(jiratest.Fault{Status: http.StatusUnauthorized})
		if a := b.send("GET", myself, tok); a.StatusCode != http.StatusBadGateway || !strings.Contains(a.message(t), want) {
			t.Errorf("%s: %d %s", at, a.StatusCode, a.body)
		}
		remove()
	}
	expires("soon")
	if got := strings.Join(b.handler.settings.Load().Warnings(), "; "); !strings.Contains(got, `secret "pat-alice": the key expiresAt is no time such as`) {
		t.Errorf("%q", got)
	}
}

func TestAServiceAccountServesItsOwnTokensOnly(t *testing.T) {
	b := newBench(t, byAccount("token", ""))
	a := b.send("GET", myself, bearer(b.issue("bob", []string{"read"})))
	if a.StatusCode != http.StatusBadGateway || !strings.Contains(a.message(t), "Alice") || len(b.jira.Received()) != 0 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// TestIdentitiesDoNotMix: many clients at once, on connections that are used again and again.
func TestIdentitiesDoNotMix(t *testing.T) {
	manyOwners := slices.DeleteFunc(modes(), func(m mode) bool { return m.only })
	inModes(t, manyOwners, func(b *bench, _ mode) {
		var all sync.WaitGroup
		for _, owner := range []string{"alice", "bob", "carol@corp.example"} {
			tok := b.issue(owner, []string{"read"})
			for range 4 {
				all.Go(func() {
					client := &http.Client{Transport: &http.Transport{}}
					defer client.CloseIdleConnections()
					for range 25 {
						request, _ := http.NewRequest(http.MethodGet, "http://"+b.address+myself, http.NoBody)
						request.Header.Set("Authorization", "Bearer "+tok)
						response, err := client.Do(request)
						if err != nil {
							b.Error(err)
							return
						}
						var body strings.Builder
						_ = response.Write(&body)
						_ = response.Body.Close()
						if response.StatusCode != http.StatusOK || !strings.Contains(body.String(), `"name":"`+owner+`"`) {
							b.Errorf("%s got %s", owner, body.String())
						}
					}
				})
			}
			all.Go(func() {
				for range 10 {
					b.handler.Configure(must(Compile(b.config, b.secrets)))
				}
			})
		}
		all.Wait()
	})
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// TestARefusedCredentialIsNamedInTheLog, and not in the answer, where it would be for the token's holder.
func TestARefusedCredentialIsNamedInTheLog(t *testing.T) {
	for name, tc := range map[string]struct {
		setup  func(*bench)
		secret string
	}{
		"ownerTokens": {func(*bench) {}, "pat-alice"}, "oauth": {byOAuth, "jira-oauth"}, "account": {byAccount("token", ""), "account"},
	} {
		b := newBench(t, tc.setup)
		b.jira.Fault(jiratest.Fault{Status: http.StatusUnauthorized})
		tok := bearer(b.issue("Alice", []string{"read"}))
		for range 3 {
			a := b.send("GET", myself, tok)
			if a.StatusCode != http.StatusBadGateway || !strings.Contains(a.message(t), `the token's owner "Alice"`) ||
				strings.Contains(a.body, tc.secret) {
				t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
			}
		}
		if tc.secret != "account" {
			b.send("GET", myself, bearer(b.issue("bob", []string{"read"})))
		}
		b.clock.SetTime(b.clock.Now().Add(unprovedEvery))
		b.send("GET", myself, tok)
		log := b.logs.String()
		if got := strings.Count(log, `"owner"="alice"`); got != 2 || strings.Count(log, `"secret"="`+tc.secret+`"`) < 2 {
			t.Errorf("%s: %d lines:\n%s", name, got, log)
		}
		if tc.secret != "account" && strings.Count(log, `"owner"="bob"`) != 1 {
			t.Errorf("%s: bob has his own line:\n%s", name, log)
		}
	}
}

func TestManyOwnersDoNotFillTheMemory(t *testing.T) {
	var l unprovedLog
	now := time.Now()
	for i := range 2 * maxUnproved {
		l.due(strconv.Itoa(i), now)
	}
	if len(l.last) != maxUnproved || l.due("new", now) || !l.due("new", now.Add(unprovedEvery)) || len(l.last) != 1 {
		t.Errorf("%d owners", len(l.last))
	}
}
