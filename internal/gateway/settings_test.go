// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

func someConfig() *gatewayconfig.Config {
	return &gatewayconfig.Config{
		Version: gatewayconfig.FormatVersion, Policy: gatewayconfig.Policy{Name: policyName, UID: "u"},
		Jira: gatewayconfig.Jira{URL: "https://jira.internal:8443/jira", BaseURL: jiraBase, PublicURL: publicBase},
		Impersonation: gatewayconfig.Impersonation{
			OwnerTokens: &gatewayconfig.OwnerTokens{},
		},
		MaxStaleness: metav1.Duration{Duration: time.Hour},
	}
}

func labelled(name string, data ...string) gatewayconfig.Secret {
	s := gatewayconfig.Secret{Name: name, Labels: map[string]string{v1alpha1.LabelPolicy: policyName}, Data: map[string][]byte{}}
	for i := 0; i < len(data); i += 2 {
		s.Data[data[i]] = []byte(data[i+1])
	}
	return s
}

func ownerToken(name, owner, tok string) gatewayconfig.Secret {
	s := labelled(name, "owner", owner, "token", tok)
	s.Labels[v1alpha1.LabelCredential] = v1alpha1.CredentialOwnerToken
	return s
}

func keyPEM(t *testing.T, kind string) string {
	t.Helper()
	block := &pem.Block{Type: "PRIVATE KEY"}
	var err error
	switch kind {
	case "pkcs8":
		block.Bytes, err = x509.MarshalPKCS8PrivateKey(testKey())
	case "short":
		key, keyErr := rsa.GenerateKey(rand.Reader, 1024)
		if keyErr != nil {
			t.Fatal(keyErr)
		}
		return pemOf(key)
	case "elliptic":
		key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		block.Bytes, err = x509.MarshalPKCS8PrivateKey(key)
	case "broken":
		block.Bytes = []byte("s3cret")
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}

func TestCompileSaysWhatIsWrongAndNeverContents(t *testing.T) {
	oauth := func(c *gatewayconfig.Config) {
		c.Impersonation = gatewayconfig.Impersonation{OAuth: &gatewayconfig.OAuth{
			ConsumerKey: "k", PrivateKey: gatewayconfig.KeyRef{Name: "key", Key: "tls.key"},
		}}
	}
	account := func(c *gatewayconfig.Config) {
		c.Impersonation = gatewayconfig.Impersonation{ServiceAccount: &gatewayconfig.ServiceAccount{Username: "svc", SecretName: "acc"}}
	}
	header := func(c *gatewayconfig.Config) {
		c.Impersonation = gatewayconfig.Impersonation{Header: &gatewayconfig.Header{
			Name: "X-User", SecretHeader: "X-Secret", Secret: &gatewayconfig.KeyRef{Name: "shared", Key: "value"},
		}}
	}
	authority := func(c *gatewayconfig.Config) { c.Jira.CABundle = &gatewayconfig.KeyRef{Name: "ca", Key: "ca.crt"} }
	unlabelled := labelled("key", "tls.key", pemOf(testKey()))
	unlabelled.Labels = nil
	for name, tc := range map[string]struct {
		edit    func(*gatewayconfig.Config)
		secrets []gatewayconfig.Secret
		says    string // empty: no error
		none    bool   // no settings beside the error
	}{
		"owner tokens, none yet":  {func(*gatewayconfig.Config) {}, nil, "", false},
		"oauth":                   {oauth, []gatewayconfig.Secret{labelled("key", "tls.key", pemOf(testKey()))}, "", false},
		"oauth, PKCS #8":          {oauth, []gatewayconfig.Secret{labelled("key", "tls.key", keyPEM(t, "pkcs8"))}, "", false},
		"oauth, no Secret":        {oauth, nil, `secret "key" was not found`, false},
		"oauth, no label":         {oauth, []gatewayconfig.Secret{unlabelled}, "lacks the label jiratokens.io/policy: jira", false},
		"oauth, no key":           {oauth, []gatewayconfig.Secret{labelled("key", "other", "s3cret")}, `secret "key" has no key "tls.key"`, false},
		"oauth, no PEM":           {oauth, []gatewayconfig.Secret{labelled("key", "tls.key", "s3cret")}, `secret "key": key "tls.key" holds no private key in PEM`, false},
		"oauth, broken":           {oauth, []gatewayconfig.Secret{labelled("key", "tls.key", keyPEM(t, "broken"))}, "holds a private key that can't be parsed", false},
		"oauth, elliptic":         {oauth, []gatewayconfig.Secret{labelled("key", "tls.key", keyPEM(t, "elliptic"))}, "of another kind", false},
		"oauth, short":            {oauth, []gatewayconfig.Secret{labelled("key", "tls.key", keyPEM(t, "short"))}, "1024 bits; 2048 at least are needed", false},
		"header":                  {header, []gatewayconfig.Secret{labelled("shared", "value", "s3cret\n")}, "", false},
		"header, no secret":       {header, nil, `secret "shared" was not found`, false},
		"header, broken secret":   {header, []gatewayconfig.Secret{labelled("shared", "value", "s3cret\r\nX-User: root")}, `secret "shared", key "value"`, false},
		"account, token":          {account, []gatewayconfig.Secret{labelled("acc", "token", "t")}, "", false},
		"account, password":       {account, []gatewayconfig.Secret{labelled("acc", "password", "p")}, "", false},
		"account, neither":        {account, []gatewayconfig.Secret{labelled("acc", "pass", "s3cret")}, "needs the key token (a Jira personal access token) or the key password", false},
		"account, none":           {account, nil, `secret "acc" was not found`, false},
		"authority, no Secret":    {authority, nil, `secret "ca" was not found`, false},
		"authority, no PEM":       {authority, []gatewayconfig.Secret{labelled("ca", "ca.crt", "s3cret")}, `secret "ca": key "ca.crt" holds no certificate in PEM`, false},
		"different paths":         {func(c *gatewayconfig.Config) { c.Jira.PublicURL = "https://x/other" }, nil, "must be the same", true},
		"slash at the end":        {func(c *gatewayconfig.Config) { c.Jira.URL += "/" }, nil, "without a slash at its end", true},
		"user in the URL":         {func(c *gatewayconfig.Config) { c.Jira.URL = "https://u:s3cret@x/jira" }, nil, "jira.url must have no user", true},
		"encoded path":            {func(c *gatewayconfig.Config) { c.Jira.BaseURL = "https://x/%6aira" }, nil, "plain path", true},
		"no way of impersonation": {func(c *gatewayconfig.Config) { c.Impersonation = gatewayconfig.Impersonation{} }, nil, "no way", false},
	} {
		cfg := someConfig()
		tc.edit(cfg)
		settings, err := Compile(cfg, tc.secrets)
		switch {
		case tc.says == "" && err != nil, tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)):
			t.Errorf("%s: %v", name, err)
		case err != nil && strings.Contains(err.Error(), "s3cret"):
			t.Errorf("%s: %v", name, err)
		case settings == nil && !tc.none, settings != nil && (err != nil) != (settings.lacks() != ""):
			t.Errorf("%s: settings %+v beside %v", name, settings, err)
		}
	}
}

func TestOneBrokenOwnerTokenIsAWarning(t *testing.T) {
	foreign := ownerToken("other-policy", "mallory", "x")
	foreign.Labels[v1alpha1.LabelPolicy] = "other"
	config := someConfig()
	config.RewriteLinks = true // or there is a warning about links
	settings, err := Compile(config, []gatewayconfig.Secret{
		ownerToken("b", "ALICE", "second"), ownerToken("a", "alice", "f1rst"), ownerToken("c", "bob", ""),
		ownerToken("d", "carol", "s3cret\nX: y"), labelled("not-marked", "owner", "dave", "token", "x"), foreign,
	})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(settings.Warnings(), "\n")
	for _, want := range []string{`secrets "a" and "b" are both for owner "alice"`, `secret "c"`, `secret "d"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if strings.Contains(text, "s3cret") || strings.Contains(text, "f1rst") || len(settings.Warnings()) != 3 {
		t.Error(text)
	}
}

func TestConnectionsAreKeptWhileJiraIsTheSame(t *testing.T) {
	b := newBench(t)
	first := b.handler.settings.Load().transport
	b.addOwnerToken("alice")
	b.configure()
	if b.handler.settings.Load().transport != first {
		t.Error("another owner's token closed the connections")
	}
	b.config.Jira.URL = strings.Replace(b.config.Jira.URL, "127.0.0.1", "localhost", 1)
	b.configure()
	if b.handler.settings.Load().transport == first {
		t.Error("another Jira got the connections of the one before")
	}
	before := b.handler.settings.Load()
	b.handler.Configure(before) // the same settings once more
	if b.handler.settings.Load().transport == nil {
		t.Error("no transport")
	}
}

func TestTheCABundleDecidesWhomToTrust(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-AUSERNAME", "alice")
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	b := newBench(t, func(b *bench) { b.config.Jira.URL = server.URL + "/jira" })
	tok := bearer(b.issue("alice", []string{"read"}))
	if a := b.send("GET", myself, tok); a.StatusCode != http.StatusBadGateway {
		t.Errorf("%d", a.StatusCode)
	}
	b.addSecret("ca", "ca.crt", certificate)
	b.config.Jira.CABundle = &gatewayconfig.KeyRef{Name: "ca", Key: "ca.crt"}
	b.configure()
	if a := b.send("GET", myself, tok); a.StatusCode != http.StatusOK {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}
