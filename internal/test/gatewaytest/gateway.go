// SPDX-License-Identifier: Apache-2.0

// Package gatewaytest runs the gateway's handler in its own server, as cmd/gateway serves it, before a Jira of the test's
// choice: for tests that look at the gateway from outside, on the wire.
package gatewaytest

import (
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	v1alpha1 "github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gateway"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

const policyName = "jira"

// Options say what stands behind the gateway.
type Options struct {
	// JiraURL is where it forwards to, BaseURL what Jira believes to be. Both have the same path.
	JiraURL, BaseURL string
	// OwnerTokens are the owners' personal access tokens of Jira.
	OwnerTokens map[string]string
	// Listener is where clients come in; nil: a free port of 127.0.0.1.
	Listener net.Listener
	// BodyIdleTimeout, ReadHeaderTimeout and IdleTimeout, if set, shorten the gateway's own, so that a test need not wait.
	BodyIdleTimeout, ReadHeaderTimeout, IdleTimeout time.Duration
	// Broken: something that the configuration names is missing, and the gateway is started all the same.
	Broken bool
	// Edit changes the configuration before it is compiled; may be nil.
	Edit func(*gatewayconfig.Config)
}

// Gateway is one that runs until the test ends.
type Gateway struct {
	// Address is host:port.
	Address string
	// Admin is the handler of the port admin.
	Admin http.Handler

	table       *grant.Table
	audit, logs *lines
	issued      int
}

// fresh is knowledge that never grows old.
type fresh struct{}

// Age implements gateway.Freshness.
func (fresh) Age(time.Time) time.Duration { return 0 }

// Ready implements gateway.Freshness.
func (fresh) Ready() bool { return true }

// Start serves the gateway.
func Start(t *testing.T, o Options) *Gateway {
	t.Helper()
	settings, err := gateway.Compile(o.config(), o.secrets())
	if (err != nil) != o.Broken || settings == nil {
		t.Fatalf("compile the configuration: %v", err)
	}
	g := &Gateway{table: grant.NewTable(), audit: &lines{}, logs: &lines{}}
	registry := prometheus.NewRegistry()
	handler := gateway.New(gateway.Options{
		Grants: g.table, Freshness: fresh{}, Clock: clock.RealClock{}, Audit: g.audit, Registerer: registry,
		Log:             funcr.New(func(_, args string) { fmt.Fprintln(g.logs, args) }, funcr.Options{Verbosity: 1}),
		BodyIdleTimeout: o.BodyIdleTimeout,
	})
	handler.Configure(settings)
	g.Admin = gateway.NewAdminHandler(handler, registry)
	g.serve(t, o, handler)
	return g
}

func (g *Gateway) serve(t *testing.T, o Options, handler *gateway.Handler) {
	t.Helper()
	listener := o.Listener
	if listener == nil {
		listener = Listen(t)
	}
	server := gateway.NewServer(handler, "")
	if o.ReadHeaderTimeout > 0 {
		server.ReadHeaderTimeout = o.ReadHeaderTimeout
	}
	if o.IdleTimeout > 0 {
		server.IdleTimeout = o.IdleTimeout
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	g.Address = listener.Addr().String()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
		handler.Close()
	})
}

// Listen opens a free port of 127.0.0.1.
func Listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

func (o *Options) config() *gatewayconfig.Config {
	c := &gatewayconfig.Config{
		Version:       gatewayconfig.FormatVersion,
		Policy:        gatewayconfig.Policy{Namespace: "jira-gateway", Name: policyName, UID: "uid-1"},
		Jira:          gatewayconfig.Jira{URL: o.JiraURL, BaseURL: o.BaseURL, PublicURL: o.BaseURL},
		Impersonation: gatewayconfig.Impersonation{OwnerTokens: &gatewayconfig.OwnerTokens{}},
		MaxStaleness:  metav1.Duration{Duration: time.Hour},
	}
	if o.Edit != nil {
		o.Edit(c)
	}
	return c
}

func (o *Options) secrets() []gatewayconfig.Secret {
	var out []gatewayconfig.Secret
	for owner, token := range o.OwnerTokens {
		out = append(out, gatewayconfig.Secret{
			Name:   "pat-" + owner,
			Labels: map[string]string{v1alpha1.LabelPolicy: policyName, v1alpha1.LabelCredential: v1alpha1.CredentialOwnerToken},
			Data:   map[string][]byte{"owner": []byte(owner), "token": []byte(token)},
		})
	}
	return out
}
