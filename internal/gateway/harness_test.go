// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	testclock "k8s.io/utils/clock/testing"

	v1alpha1 "github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/activity"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

const (
	jiraBase   = "https://jira.example/jira"
	publicBase = "https://jira-api.example/jira"
	policyName = "jira"
)

// fixedFreshness is a Freshness that a test sets.
type fixedFreshness struct {
	mu     sync.Mutex
	age    time.Duration
	notYet bool
}

func (f *fixedFreshness) Age(time.Time) time.Duration { f.mu.Lock(); defer f.mu.Unlock(); return f.age }

func (f *fixedFreshness) Ready() bool { f.mu.Lock(); defer f.mu.Unlock(); return !f.notYet }

func (f *fixedFreshness) set(age time.Duration, ready bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.age, f.notYet = age, !ready
}

// syncBuffer collects audit lines.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}
func (b *syncBuffer) String() string { b.mu.Lock(); defer b.mu.Unlock(); return b.buf.String() }

// bench is a gateway on a socket before a stand-in Jira.
type bench struct {
	testing.TB
	jira      *jiratest.Server
	table     *grant.Table
	clock     *testclock.FakePassiveClock
	fresh     *fixedFreshness
	audit     *syncBuffer
	logs      *syncBuffer
	registry  *prometheus.Registry
	handler   *Handler
	address   string
	config    *gatewayconfig.Config
	secrets   []gatewayconfig.Secret
	seriesNum int
	activity  *activity.Table // nil: none
	// headerTimeout, if set, is that of the server.
	headerTimeout time.Duration
}

// newBench starts both, with the owners alice, bob and "carol@corp.example", impersonated by their own tokens.
func newBench(tb testing.TB, edit ...func(*bench)) *bench {
	tb.Helper()
	now := time.Now()
	b := &bench{
		TB: tb, table: grant.NewTable(), clock: testclock.NewFakePassiveClock(now), fresh: &fixedFreshness{},
		audit: &syncBuffer{}, logs: &syncBuffer{}, registry: prometheus.NewRegistry(),
	}
	b.jira = jiratest.Start(tb, jiratest.Config{ContextPath: "/jira", BaseURL: jiraBase, MaxHeaderBytes: 8192})
	for _, name := range []string{"alice", "bob", "carol@corp.example"} {
		b.jira.AddUser(jiratest.User{Name: name, Password: "pw-" + name, Permissions: jiratest.Browse | jiratest.Edit})
		b.addOwnerToken(name)
	}
	b.jira.AddProject(jiratest.Project{Key: "DEMO"})
	b.jira.AddIssue(jiratest.Issue{Key: "DEMO", Summary: "first"})
	b.config = &gatewayconfig.Config{
		Version: gatewayconfig.FormatVersion,
		Policy:  gatewayconfig.Policy{Namespace: "jira-gateway", Name: policyName, UID: "uid-1"},
		Jira:    gatewayconfig.Jira{URL: b.jira.URL(), BaseURL: jiraBase, PublicURL: publicBase},
		Impersonation: gatewayconfig.Impersonation{
			OwnerTokens: &gatewayconfig.OwnerTokens{},
		},
		MaxStaleness: metav1.Duration{Duration: time.Hour},
	}
	for _, e := range edit {
		e(b)
	}
	b.handler = New(Options{
		Grants: b.table, Freshness: b.fresh, Clock: b.clock, Audit: b.audit, Registerer: b.registry,
		Log:             funcr.New(func(_, args string) { fmt.Fprintln(b.logs, args) }, funcr.Options{}),
		BodyIdleTimeout: time.Second, StoreTimeout: 2 * time.Second, // a machine may be busy
		Activity: b.activity,
	})
	b.configure()
	b.serve()
	return b
}

func (b *bench) serve() {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	handler := b.handler // a test may put another one in its place
	server := NewServer(handler, "")
	if b.headerTimeout > 0 {
		server.ReadHeaderTimeout = b.headerTimeout
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(handler.Listener(listener)) }()
	b.address = listener.Addr().String()
	b.Cleanup(func() {
		_ = server.Close()
		<-done
		handler.Close()
	})
}

func (b *bench) configure() {
	b.Helper()
	if err := b.tryConfigure(); err != nil {
		b.Fatal(err)
	}
	if source := b.handler.settings.Load().accessTokens; source != nil {
		b.eventually("an access token was asked for", func() bool { return source.held.Load() != nil })
	}
}

func (b *bench) eventually(what string, holds func() bool) {
	b.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("it never was so: %s\n%s", what, b.logs.String())
		}
	}
}

// tryConfigure puts in place what can be used, and returns what is wrong with the rest.
func (b *bench) tryConfigure() error {
	b.Helper()
	settings, err := Compile(b.config, b.secrets)
	if settings == nil {
		b.Fatal(err)
	}
	b.handler.Configure(settings)
	return err
}

func (b *bench) removeSecret(name string) {
	b.secrets = slices.DeleteFunc(b.secrets, func(s gatewayconfig.Secret) bool { return s.Name == name })
}

func (b *bench) addOwnerToken(owner string) {
	b.secrets = append(b.secrets, gatewayconfig.Secret{
		Name:   "pat-" + owner,
		Labels: map[string]string{v1alpha1.LabelPolicy: policyName, v1alpha1.LabelCredential: v1alpha1.CredentialOwnerToken},
		Data:   map[string][]byte{"owner": []byte(owner), "token": []byte(b.jira.AddPAT(owner) + "\n")},
	})
}

func (b *bench) addSecret(name, key, value string) {
	b.secrets = append(b.secrets, gatewayconfig.Secret{
		Name: name, Labels: map[string]string{v1alpha1.LabelPolicy: policyName}, Data: map[string][]byte{key: []byte(value)},
	})
}

// issue puts a token for owner with the scopes into the table.
func (b *bench) issue(owner string, scopes []string, edit ...func(*grant.Credential)) string {
	b.Helper()
	made, err := token.Generate(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	b.seriesNum++
	credential := &grant.Credential{
		ID: made.ID(), Hash: made.Hash(), State: grant.Active, IssuedAt: b.clock.Now(), DeclaredAt: b.clock.Now(),
		Token: grant.TokenReference{Namespace: "dev", Name: fmt.Sprintf("token-%d", b.seriesNum), UID: types.UID(made.ID())},
		Grant: grant.Grant{Owner: owner, Scopes: scopes},
	}
	for _, e := range edit {
		e(credential)
	}
	if err := b.table.Put(made.ID(), credential); err != nil {
		b.Fatal(err)
	}
	return made.Reveal()
}

func from(ranges ...string) func(*grant.Credential) {
	return func(c *grant.Credential) {
		for _, r := range ranges {
			c.Grant.SourceRanges = append(c.Grant.SourceRanges, netip.MustParsePrefix(r))
		}
	}
}

// answer is what came back.
type answer struct {
	*http.Response
	body string
}

// raw sends bytes as they are on a connection of their own and reads one answer.
func (b *bench) raw(text string) answer {
	b.Helper()
	conn, err := net.Dial("tcp", b.address)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.WriteString(conn, text); err != nil {
		b.Fatal(err)
	}
	method, _, _ := strings.Cut(text, " ")
	return b.readAnswer(bufio.NewReader(conn), method)
}

func (b *bench) readAnswer(r *bufio.Reader, method string) answer {
	b.Helper()
	response, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		b.Fatalf("no answer: %v", err)
	}
	return b.finished(response)
}

// finished reads the rest of an answer.
func (b *bench) finished(response *http.Response) answer {
	b.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.Fatalf("answer broke off: %v", err)
	}
	return answer{response, string(body)}
}

// send makes a request with the exact target and the header lines.
func (b *bench) send(method, target string, lines ...string) answer {
	b.Helper()
	return b.raw(method + " " + target + " HTTP/1.1\r\nHost: " + b.address + "\r\n" + joinLines(lines) + "\r\n")
}

// sendBody is send with a body.
func (b *bench) sendBody(method, target, body string, lines ...string) answer {
	b.Helper()
	lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)))
	return b.raw(method + " " + target + " HTTP/1.1\r\nHost: " + b.address + "\r\n" + joinLines(lines) + "\r\n" + body)
}

func joinLines(lines []string) string {
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(line + "\r\n")
	}
	return text.String()
}

func bearer(tok string) string { return "Authorization: Bearer " + tok }

// message is the first of Jira's errorMessages.
func (a answer) message(tb testing.TB) string {
	tb.Helper()
	var shape struct {
		ErrorMessages []string        `json:"errorMessages"`
		Errors        json.RawMessage `json:"errors"`
	}
	if err := json.Unmarshal([]byte(a.body), &shape); err != nil || len(shape.ErrorMessages) != 1 ||
		string(shape.Errors) != "{}" {
		tb.Fatalf("not in Jira's shape: %d %q", a.StatusCode, a.body)
	}
	return shape.ErrorMessages[0]
}

// auditLines waits for n lines and returns all.
func (b *bench) auditLines(n int) []auditLine {
	b.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		text := b.audit.String()
		if strings.Count(text, "\n") >= n {
			var lines []auditLine
			for line := range strings.Lines(text) {
				var one auditLine
				if err := json.Unmarshal([]byte(line), &one); err != nil {
					b.Fatalf("audit line %q: %v", line, err)
				}
				lines = append(lines, one)
			}
			return lines
		}
		if time.Now().After(deadline) {
			b.Fatalf("%d audit lines wanted: %s", n, text)
		}
		time.Sleep(time.Millisecond)
	}
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// checksumFor gives a token's body the checksum that the format asks for.
func checksumFor(body string) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := crc32.ChecksumIEEE([]byte(body))
	out := make([]byte, 6)
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = alphabet[sum%62]
		sum /= 62
	}
	return string(out)
}
