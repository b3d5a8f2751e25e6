// SPDX-License-Identifier: Apache-2.0

// Package gatewaybench runs gateways before a stand-in Jira for programs that measure them: real handlers, servers and
// sockets, in one process.
package gatewaybench

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gateway"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

const (
	owner      = "alice"
	policyName = "jira"
	base       = "https://jira.example/jira"
	// Path is one that every token may read.
	Path = "/jira/rest/api/2/myself"
)

// World is a Jira and what its gateways have in common: a token that is issued works at all of them.
type World struct {
	Jira *jiratest.Server

	server *httptest.Server
	pat    string
	table  *grant.Table
	stops  []func()
}

// New starts a Jira without gateways.
func New() *World {
	w := &World{Jira: jiratest.New(jiratest.Config{ContextPath: "/jira", BaseURL: base}), table: grant.NewTable()}
	w.Jira.AddUser(jiratest.User{Name: owner, Permissions: jiratest.Browse})
	w.pat = w.Jira.AddPAT(owner)
	w.server = httptest.NewServer(w.Jira)
	return w
}

// Close ends all of it.
func (w *World) Close() {
	for _, stop := range w.stops {
		stop()
	}
	w.server.Close()
}

// fresh is knowledge that never grows old.
type fresh struct{}

// Age implements gateway.Freshness.
func (fresh) Age(time.Time) time.Duration { return 0 }

// Ready implements gateway.Freshness.
func (fresh) Ready() bool { return true }

// Gateway starts one, and returns its address.
func (w *World) Gateway(ctx context.Context, log logr.Logger, edit func(*gatewayconfig.Config)) (string, error) {
	config := &gatewayconfig.Config{
		Version: gatewayconfig.FormatVersion,
		Policy:  gatewayconfig.Policy{Namespace: "jira-gateway", Name: policyName, UID: "bench"},
		Jira:    gatewayconfig.Jira{URL: w.server.URL + "/jira", BaseURL: base, PublicURL: base},

		Impersonation: gatewayconfig.Impersonation{OwnerTokens: &gatewayconfig.OwnerTokens{}},
		MaxStaleness:  metav1.Duration{Duration: time.Hour},
	}
	edit(config)
	settings, err := gateway.Compile(config, []gatewayconfig.Secret{{
		Name:   "pat",
		Labels: map[string]string{v1alpha1.LabelPolicy: policyName, v1alpha1.LabelCredential: v1alpha1.CredentialOwnerToken},
		Data:   map[string][]byte{"owner": []byte(owner), "token": []byte(w.pat)},
	}})
	if err != nil {
		return "", fmt.Errorf("compile the configuration: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen: %w", err)
	}
	handler := gateway.New(gateway.Options{
		Grants: w.table, Freshness: fresh{}, Clock: clock.RealClock{}, Registerer: prometheus.NewRegistry(), Log: log,
	})
	handler.Configure(settings)
	server := gateway.NewServer(handler, "")
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(handler.Listener(listener)) }()
	w.stops = append(w.stops, func() { _ = server.Close(); <-done; handler.Close() })
	return listener.Addr().String(), nil
}

// Issue makes a token.
func (w *World) Issue(limit *grant.RateLimit) (string, error) {
	made, err := token.Generate(rand.Reader)
	if err != nil {
		return "", fmt.Errorf("make a token: %w", err)
	}
	now := time.Now()
	err = w.table.Put(made.ID(), &grant.Credential{
		ID: made.ID(), Hash: made.Hash(), State: grant.Active, IssuedAt: now, DeclaredAt: now,
		Token: grant.TokenReference{Namespace: "bench", Name: "token", UID: types.UID(made.ID())},
		Grant: grant.Grant{Owner: owner, Scopes: []string{"read"}, RateLimit: limit},
	})
	if err != nil {
		return "", fmt.Errorf("issue a token: %w", err)
	}
	return made.Reveal(), nil
}

// Get makes a request by a token, and returns its status.
func Get(ctx context.Context, client *http.Client, address, tok string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+Path, http.NoBody)
	if err != nil {
		return 0, fmt.Errorf("make a request: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+tok)
	response, err := client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("ask the gateway: %w", err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, fmt.Errorf("read the answer: %w", err)
	}
	return response.StatusCode, nil
}
