// SPDX-License-Identifier: Apache-2.0

// Package monitoring tests what is watched: the alerts in config/prometheus with promtool, and these and the dashboard in
// config/grafana with a Prometheus that scrapes the real manager and gateway while requests come.
package monitoring

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
	"github.com/jiratokens/jira-token-operator/internal/test/promtest"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

const startPatience = 10 * time.Minute // it includes building the programs

var (
	root       string
	local      *stack.Stack
	jira       *jiratest.Server
	kube       client.Client
	prometheus *promtest.Server // nil: there is none
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	if root, err = filepath.Abs("../../.."); err != nil {
		return 1, err
	}
	if local, err = stack.New(root, filepath.Join(root, "bin", "monitoring")); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, local.Stop()) }()
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	if err := errors.Join(local.StartControlPlane(ctx), local.Install(ctx)); err != nil {
		return 1, err
	}
	switch _, err := promtest.Find(); {
	case err != nil && os.Getenv("CI") != "":
		return 1, err
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return m.Run(), nil
	}
	jira = jiratest.New(jiratest.Config{ContextPath: "/jira", BaseURL: jiraBase})
	server := httptest.NewServer(slowly(jira))
	defer server.Close()
	stop, err := startAll(ctx, server.URL+"/jira")
	if err != nil {
		return 1, err
	}
	defer stop()
	return m.Run(), nil
}

// startAll starts the programs, has requests sent, and a Prometheus scrape both.
func startAll(ctx context.Context, jiraURL string) (stop func(), err error) {
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return local.Build(ctx) },
		newClient,
		func(ctx context.Context) error { return declarePolicy(ctx, jiraURL) },
		local.StartManager, local.StartGateway,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	traffic, err := startTraffic(ctx)
	if err != nil {
		return nil, err
	}
	config := filepath.Join(local.Dir, "prometheus.yaml")
	text := fmt.Sprintf(scrapeConfig, filepath.Join(root, "config", "prometheus", "rules.yaml"),
		local.ManagerMetricsAddress(), local.GatewayAdminAddress)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	if prometheus, err = promtest.Run(ctx, local.Dir, config); err != nil {
		return nil, err
	}
	return func() { traffic.stop(); prometheus.Stop() }, nil
}

// scrapeConfig is config/prometheus/scrape.yaml without a Kubernetes to ask.
const scrapeConfig = `
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%q]
scrape_configs:
- job_name: jira-token-operator-manager
  honor_labels: true
  static_configs: [{targets: [%q]}]
- job_name: jira-token-gateways
  honor_labels: true
  static_configs: [{targets: [%q]}]
`

// needsPrometheus skips a test where there is none; in CI there has to be one.
func needsPrometheus(t *testing.T) {
	t.Helper()
	if prometheus == nil {
		t.Skip(promtest.ErrMissing)
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
