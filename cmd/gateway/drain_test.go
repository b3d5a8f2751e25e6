// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/resources"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

var plane *controlplane.Plane

func TestMain(m *testing.M) {
	os.Exit(controlplane.Main(m, func(p *controlplane.Plane) { plane = p }, controlplane.WithoutCRDs))
}

// On SIGTERM the program is unready at once, still takes requests, finishes those in flight, writes their audit lines
// and ends without an error.
func TestDrain(t *testing.T) {
	entered, release := make(chan struct{}, 1), make(chan struct{})
	jira := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-AUSERNAME", "alice")
		if strings.HasSuffix(r.URL.Path, "/slow") {
			entered <- struct{}{}
			<-release
		}
		_, _ = io.WriteString(w, `{"answered":true}`)
	}))
	defer jira.Close()
	p := startProgram(t, jira.URL)

	slow := make(chan string, 1)
	go func() { slow <- p.call("/rest/api/2/slow") }()
	<-entered
	p.terminate()
	p.eventually(t, "unready", func() bool { return p.status(p.admin+"/readyz") == http.StatusServiceUnavailable })
	if got := p.call("/rest/api/2/myself"); !strings.Contains(got, "answered") {
		t.Errorf("a request while draining: %s", got)
	}
	p.eventually(t, "closed to new connections", func() bool { return p.status(p.url+"/") == 0 })
	select {
	case err := <-p.ended:
		t.Fatalf("ended with a request in flight: %v", err)
	default:
	}
	close(release)
	if got := <-slow; !strings.Contains(got, "answered") {
		t.Errorf("the request in flight: %s", got)
	}
	if err := <-p.ended; err != nil {
		t.Error(err)
	}
	if lines := strings.Count(p.out.String(), "\n"); lines < 2 {
		t.Errorf("%d audit lines:\n%s", lines, p.out.String())
	}
}

// running is the program in this process.
type running struct {
	url, admin, token string
	namespace         string
	out, logs         *buffer
	terminate         context.CancelFunc
	ended             chan error
	client            *http.Client
}

func startProgram(t *testing.T, jiraURL string) *running {
	t.Helper()
	p := &running{out: &buffer{}, logs: &buffer{}, ended: make(chan error, 1), client: &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second,
	}}
	var namespace string
	namespace, p.token = declare(t, jiraURL)
	p.namespace = namespace
	config, _ := plane.Link(t, plane.ServiceAccount(t, namespace, "gateway"))
	ctx, cancel := context.WithCancel(context.Background())
	p.terminate = cancel
	t.Cleanup(cancel)
	go func() {
		p.ended <- run(ctx, []string{
			"--namespace=" + namespace, "--policy=jira", "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0",
			"--kubeconfig=" + controlplane.Kubeconfig(t, config), "--snapshot-dir=" + t.TempDir(), "--drain-delay=500ms",
		}, p.out, p.logs)
	}()
	p.eventually(t, "listening", func() bool {
		var line struct{ Listen, AdminListen string }
		first, _, _ := strings.Cut(p.logs.String(), "\n")
		if json.Unmarshal([]byte(first), &line) != nil || line.Listen == "" {
			return false
		}
		p.url, p.admin = "http://"+line.Listen, "http://"+line.AdminListen
		return true
	})
	p.eventually(t, "ready", func() bool { return p.status(p.admin+"/readyz") == http.StatusOK })
	return p
}

// declare makes what a manager would for one policy and one token, and the rights of the gateway's ServiceAccount.
func declare(t *testing.T, jiraURL string) (namespace, plaintext string) {
	t.Helper()
	namespace = plane.Namespace(t)
	issued, err := token.Generate(rand.Reader)
	must(t, err)
	credential, err := grant.Encode(&grant.Credential{
		ID: issued.ID(), Hash: issued.Hash(), State: grant.Active,
		Token: grant.TokenReference{Namespace: "team", Name: "ci", UID: "uid"},
		Grant: grant.Grant{Owner: "alice", Scopes: []string{"read"}},
	})
	must(t, err)
	config, err := gatewayconfig.Encode(&gatewayconfig.Config{
		Policy:        gatewayconfig.Policy{Namespace: namespace, Name: "jira", UID: "policy", Generation: 1},
		Jira:          gatewayconfig.Jira{URL: jiraURL, BaseURL: jiraURL, PublicURL: jiraURL},
		Impersonation: gatewayconfig.Impersonation{OwnerTokens: &gatewayconfig.OwnerTokens{}},
		MaxStaleness:  metav1.Duration{Duration: time.Hour},
	})
	must(t, err)
	secret := func(name string, kind corev1.SecretType, labels map[string]string, data map[string][]byte) *corev1.Secret {
		labels[v1alpha1.LabelPolicy] = "jira"
		meta := metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels}
		return &corev1.Secret{ObjectMeta: meta, Type: kind, Data: data}
	}
	meta := metav1.ObjectMeta{Namespace: namespace, Name: "gateway"}
	for _, object := range []client.Object{
		&rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{{
			APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get", "list", "watch"},
		}}},
		&rbacv1.RoleBinding{
			ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "gateway"},
			Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: namespace, Name: "gateway"}},
		},
		secret("uid-0", v1alpha1.SecretTypeTokenHash, map[string]string{}, map[string][]byte{grant.DataKey: credential}),
		secret(resources.ConfigName("jira"), v1alpha1.SecretTypeGatewayConfig, map[string]string{},
			map[string][]byte{gatewayconfig.DataKey: config}),
		secret("alice", corev1.SecretTypeOpaque, map[string]string{v1alpha1.LabelCredential: v1alpha1.CredentialOwnerToken},
			map[string][]byte{"owner": []byte("alice"), "token": []byte("personal")}),
	} {
		must(t, plane.Client.Create(t.Context(), object))
	}
	return namespace, issued.Reveal()
}

// call makes a request with the token and returns the answer's body, or what went wrong.
func (p *running) call(path string) string {
	request, err := http.NewRequest(http.MethodGet, p.url+path, http.NoBody)
	if err != nil {
		return err.Error()
	}
	request.Header.Set("Authorization", "Bearer "+p.token)
	response, err := p.client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return fmt.Sprint(response.StatusCode, " ", string(body), err)
}

// status is 0 where nobody answers.
func (p *running) status(url string) int {
	response, err := p.client.Get(url)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func (p *running) eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("never happened: %s\n%s", what, p.logs.String())
		case <-tick.C:
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// buffer can be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
