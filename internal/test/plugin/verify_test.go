// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"bytes"
	"encoding/pem"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken"
	"github.com/jiratokens/jira-token-operator/internal/test/gatewaytest"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// verify runs the plugin where there is no kubeconfig, and fails the test if it prints the token.
func verify(t *testing.T, tok string, args ...string) result {
	t.Helper()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	var out, errOut bytes.Buffer
	streams := genericiooptions.IOStreams{In: strings.NewReader(tok + "\n"), Out: &out, ErrOut: &errOut}
	code := kubectlapitoken.Run(t.Context(), append([]string{"verify"}, args...), streams, clock.RealClock{})
	if r := out.String() + errOut.String(); len(tok) > 30 && strings.Contains(r, tok[17:]) {
		t.Error("the token was printed")
	}
	return result{out.String(), errOut.String(), code}
}

// newGateway starts the product's gateway before a Jira in which alice has a token for it, and returns the URL that clients call.
func newGateway(t *testing.T, edit func(*gatewayconfig.Config)) (*gatewaytest.Gateway, *jiratest.Server, string) {
	t.Helper()
	listener := gatewaytest.Listen(t)
	url := "http://" + listener.Addr().String() + "/jira"
	jira := jiratest.Start(t, jiratest.Config{ContextPath: "/jira", BaseURL: url})
	for _, user := range []string{"alice", "bob"} {
		jira.AddUser(jiratest.User{Name: user, Password: "pw", Permissions: jiratest.Browse})
	}
	return gatewaytest.Start(t, gatewaytest.Options{
		JiraURL: jira.URL(), BaseURL: url, OwnerTokens: map[string]string{"alice": jira.AddPAT("alice")}, Listener: listener, Edit: edit,
	}), jira, url
}

// TestVerify asks the real gateway, with tokens that it refuses in its own words.
func TestVerify(t *testing.T) {
	gateway, jira, url := newGateway(t, nil)
	read := []string{"read"}
	works := gateway.Issue(t, "alice", read)
	verify(t, works, "--url", url).expect(t, 0, "its form and checksum are right", "200 in ", "it works, as Jira user alice")
	verify(t, works, "--url", url+"/", "--owner", "ALICE").expect(t, 0, "it works, as its owner alice")
	verify(t, works, "--url", url, "--owner", "bob").expect(t, 4, "Jira takes it for user alice instead of bob: do not use it")
	verify(t, works, "--url", strings.TrimSuffix(url, "/jira")).expect(t, 3, "404: nothing is there", "context path")
	verify(t, gateway.Issue(t, "alice", []string{"write:comment"}), "--url", url).expect(t, 0, "403: the token works, and has not the scope read:user")
	verify(t, gatewaytest.Unknown(t), "--url", url).expect(t, 4, "401: the token is not accepted: the token is not known, or was revoked")
	past := time.Now().Add(-time.Hour)
	for says, edit := range map[string]func(*grant.Credential){
		"401: the token is not accepted: the token expired at ": func(c *grant.Credential) { c.ExpiresAt = &past },
		"this token was replaced by a newer one":                func(c *grant.Credential) { c.RetireAt = &past },
		"the token is blocked: the token is suspended":          func(c *grant.Credential) { c.State, c.BlockedReason = grant.Blocked, "the token is suspended" },
		"403: the token is known, and may not be used like this: the token may only ": func(c *grant.Credential) {
			c.Grant.Headers = []grant.HeaderPattern{{Name: "User-Agent", Pattern: "Zapier*"}}
		},
	} {
		verify(t, gateway.Issue(t, "alice", read, edit), "--url", url).expect(t, 4, says)
	}
	slow := gateway.Issue(t, "alice", read, func(c *grant.Credential) {
		c.Grant.RateLimit = &grant.RateLimit{Requests: 1, Period: time.Hour, Burst: 1}
	})
	verify(t, slow, "--url", url).expect(t, 0, "it works")
	verify(t, slow, "--url", url).expect(t, 4, "429: the token is known, and its limit is reached", "try again in ")
	verify(t, gateway.Issue(t, "bob", read), "--url", url).expect(t, 3, "502: the gateway knows the token, and got no good answer from Jira")
	verify(t, works, "--url", jira.URL()).expect(t, 4, "401", "was not the gateway. Does "+jira.URL()+" lead past it to Jira?")
}

// TestVerifyTrouble: what stands between this machine and the gateway is told apart, and nothing is said of the token.
func TestVerifyTrouble(t *testing.T) {
	tok := gatewaytest.Unknown(t)
	silent := log.New(new(bytes.Buffer), "", 0)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://sso.example/login", http.StatusFound)
	}))
	secure.Config.ErrorLog = silent
	secure.StartTLS()
	t.Cleanup(secure.Close)
	hangs := make(chan struct{})
	plain := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hangs:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(plain.Close)
	t.Cleanup(func() { close(hangs) })
	listener := gatewaytest.Listen(t)
	closed := listener.Addr().String()
	must(t, listener.Close())
	ca := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600))
	port := secure.URL[strings.LastIndex(secure.URL, ":"):]

	verify(t, tok, "--url", secure.URL).expect(t, 3, "is of an authority that this machine does not trust: --ca-file")
	verify(t, tok, "--url", secure.URL, "--ca-file", ca).expect(t, 3, "302: redirected to https://sso.example/login, where the token was not sent")
	verify(t, tok, "--url", "https://localhost"+port, "--ca-file", ca).expect(t, 3, "the certificate of localhost"+port+" is for other names")
	verify(t, tok, "--url", strings.Replace(plain.URL, "http", "https", 1), "--timeout", "10s").expect(t, 3, "speaks plain HTTP where https was asked for")
	verify(t, tok, "--url", plain.URL, "--timeout", "200ms").expect(t, 3, "did not answer in time: a firewall")
	verify(t, tok, "--url", "http://"+closed).expect(t, 3, "nothing listens on "+closed)
	verify(t, tok, "--url", "https://jira.invalid/jira").expect(t, 3, "jira.invalid")
	verify(t, tok, "--url", "http://jira.invalid/jira").expect(t, 3, "Warning: http://jira.invalid is not encrypted")
}

// TestVerifyOffline: what is wrong with the form is told without a cluster, a network or the token.
func TestVerifyOffline(t *testing.T) {
	tok := gatewaytest.Unknown(t)
	verify(t, tok, "--offline").expect(t, 0, "Token jat_"+tok[4:16]+"_[redacted]: its form and checksum are right.")
	verify(t, tok[:50], "--offline").expect(t, 4, "standard input: token has the wrong length")
	verify(t, tok[:54]+"~", "--offline").expect(t, 4, "a character that no token has")
	verify(t, "", "--offline").expect(t, 2, "standard input is empty")
	verify(t, tok).expect(t, 2, "where does the token work?")
	verify(t, tok, "--offline", "--url", "http://x").expect(t, 2, "--offline sends the token nowhere")
	verify(t, tok, "--url", "jira.example").expect(t, 2, `--url is "jira.example"`)
	verify(t, "", tok).expect(t, 2, "it is in your shell's history now")
	if r := verify(t, "", tok); strings.Contains(r.out+r.errOut, tok) {
		t.Error("an argument that may be the token is repeated")
	}
}

// TestVerifySecret: the Secret that the operator wrote says all.
func TestVerifySecret(t *testing.T) {
	gateway, _, url := newGateway(t, nil)
	namespace, alice := plane.Namespace(t), newPerson(t, "alice")
	tok := gateway.Issue(t, "alice", []string{"read"})
	must(t, plane.Client.Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "jira"},
		StringData: map[string]string{"token": tok, "password": tok, "username": "alice", "uri": url},
	}))
	must(t, plane.Client.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "empty"}}))
	args := []string{"verify", "-n", namespace, "--secret"}
	alice.runs(t, append(args, "jira")...).expect(t, 1, "you may not get secrets in namespace "+namespace)
	alice.may(t, "get", "", "secrets", namespace)
	r := alice.runs(t, append(args, "jira")...)
	r.expect(t, 0, "it works, as its owner alice")
	parsed, err := token.Parse(tok)
	must(t, err)
	r.silent(t, parsed)
	alice.runs(t, append(args, "empty")...).expect(t, 5, "has no key token")
	alice.runs(t, append(args, "none")...).expect(t, 5, "not found")

	p := newPolicy(t, func(p *v1alpha1.TokenPolicy) {
		p.Spec.Jira.URL, p.Spec.Jira.PublicURL = "http://jira:8080/jira", v1alpha1.HTTPURL(url)
	})
	alice.runsWith(t, tok, "verify", "--policy", name(p)).expect(t, 1, "you may not get tokenpolicies", "--url needs none")
	alice.may(t, "get", "jiratokens.io", "tokenpolicies", p.Namespace)
	alice.runsWith(t, tok, "verify", "--policy", name(p)).expect(t, 0, "it works, as Jira user alice")
}
