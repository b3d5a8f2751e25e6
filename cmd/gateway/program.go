// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/internal/activity"
	"github.com/jiratokens/jira-token-operator/internal/cli"
	"github.com/jiratokens/jira-token-operator/internal/gateway"
	"github.com/jiratokens/jira-token-operator/internal/gateway/mirror"
	"github.com/jiratokens/jira-token-operator/internal/gateway/reporter"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// program is everything that runs: the mirror learns, the handler decides by it, two servers listen.
type program struct {
	opts    *options
	log     logr.Logger
	mirror  *mirror.Mirror
	handler *gateway.Handler
	// reporter is nil if the use of tokens is not reported.
	reporter *reporter.Reporter

	server, adminServer     *http.Server
	listener, adminListener net.Listener
}

// newProgram puts everything together and opens both ports; nothing runs yet.
func newProgram(ctx context.Context, o *options, audit io.Writer, log logr.Logger) (*program, error) {
	config, err := restConfig(o)
	if err != nil {
		return nil, err
	}
	p := &program{opts: o, log: log}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewBuildInfoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	// Whose gateway it is, in the labels of the manager's metrics: whatever labels a scrape adds, both can be joined.
	ours := prometheus.WrapRegistererWith(prometheus.Labels{"namespace": o.namespace, "policy": o.policy}, registry)
	ours.MustRegister(cli.BuildInfo("gateway"))
	table := grant.NewTable()
	p.mirror, err = mirror.New(mirror.Options{
		REST: config, Namespace: o.namespace, Policy: o.policy, ConfigName: o.configSecret,
		Grants: table, OnConfig: p.configure,
		SnapshotDir: o.snapshotDir, StartupTimeout: o.startupTimeout,
		Registerer: ours, Log: log.WithName("mirror"),
	})
	if err != nil {
		return nil, err
	}
	if err := p.openPorts(ctx); err != nil {
		return nil, err
	}
	p.handler = gateway.New(gateway.Options{
		Grants: table, Freshness: p.mirror, Clock: clock.RealClock{}, Audit: audit,
		Registerer: ours, Log: log.WithName("gateway"), Activity: p.reportActivity(ours),
	})
	p.server = gateway.NewServer(p.handler, o.listen)
	p.adminServer = &http.Server{
		Handler:           gateway.NewAdminHandler(p.handler, registry),
		ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
	}
	return p, nil
}

// reportActivity gives the table to count the use of tokens in; nil: it is not reported.
func (p *program) reportActivity(registry prometheus.Registerer) *activity.Table {
	if p.opts.activityToken == "" {
		return nil
	}
	table := activity.NewTable()
	p.reporter = reporter.New(reporter.Options{
		Table: table, TokenFile: p.opts.activityToken, Clock: clock.RealClock{}, Registerer: registry, Log: p.log.WithName("activity"),
		Target: func() (reporter.Target, bool) { return p.handler.ActivityTarget() }, // once there is a handler
	})
	return table
}

// configure is called by the mirror, one call at a time.
func (p *program) configure(config *gatewayconfig.Config, secrets []gatewayconfig.Secret) error {
	settings, err := gateway.Compile(config, secrets)
	if settings == nil {
		return err
	}
	p.handler.Configure(settings)
	if err != nil {
		return fmt.Errorf("%w: %w", mirror.ErrIncomplete, err)
	}
	return nil
}

func (p *program) openPorts(ctx context.Context) (err error) {
	var network net.ListenConfig
	if p.listener, err = network.Listen(ctx, "tcp", p.opts.listen); err != nil {
		return fmt.Errorf("--listen=%s: %w", p.opts.listen, err)
	}
	if p.adminListener, err = network.Listen(ctx, "tcp", p.opts.adminListen); err != nil {
		return errors.Join(fmt.Errorf("--admin-listen=%s: %w", p.opts.adminListen, err), p.listener.Close())
	}
	return nil
}

func restConfig(o *options) (config *rest.Config, err error) {
	if o.kubeconfig == "" {
		config, err = rest.InClusterConfig()
		if errors.Is(err, rest.ErrNotInCluster) {
			return nil, fmt.Errorf("%w: outside a cluster --kubeconfig is needed", cli.ErrUsage)
		}
	} else if config, err = clientcmd.BuildConfigFromFlags("", o.kubeconfig); err != nil {
		err = fmt.Errorf("--kubeconfig=%s: %w", o.kubeconfig, err)
	}
	if err != nil {
		return nil, err
	}
	config.UserAgent = "jira-token-gateway/" + cli.Version()
	config.QPS, config.Burst = 20, 40 // two watches, and a list of some hundred pages where a server can't stream it
	return config, nil
}
