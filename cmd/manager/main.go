// SPDX-License-Identifier: Apache-2.0

// Command manager runs the operator's controllers: it decides which ApiTokens are permitted, issues and revokes their
// credentials, and deploys the gateway of each TokenPolicy.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/jiratokens/jira-token-operator/controllers/setup"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
	"github.com/jiratokens/jira-token-operator/internal/cli"
)

func main() {
	ctx := ctrl.SetupSignalHandler() // the first SIGTERM stops in order, the second at once
	err := run(ctx, os.Args[1:], os.Stdout)
	cli.Exit("manager", err)
}

// run is the program, but for the process that it runs in. The audit trail goes to out, logs to the standard error.
func run(ctx context.Context, args []string, out io.Writer) (err error) {
	o, err := parseFlags(args, out)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return nil
	case err != nil:
		return fmt.Errorf("%w: %w", cli.ErrUsage, err)
	case o.showVersion:
		_, err := fmt.Fprintln(out, cli.Version())
		return err
	}
	log, err := o.log.Open(os.Stderr)
	if err != nil {
		return err
	}
	ctrl.SetLogger(log)
	sink, err := audittrail.Open(o.auditLog, out)
	if err != nil {
		return fmt.Errorf("--audit-log: %w", err)
	}
	defer func() { err = errors.Join(err, sink.Close()) }()
	trail := audittrail.New(sink, clock.RealClock{}, metrics.Registry, log.WithName("audit"))
	defer trail.Close()
	metrics.Registry.MustRegister(cli.BuildInfo("manager"))
	config, err := reachAPI(ctx, o, log)
	if err != nil {
		return err
	}
	mgr, admission, err := newManager(o, config, trail)
	if err != nil {
		return err
	}
	err = setup.Controllers(ctx, mgr, setup.Options{
		GatewayImage: o.gatewayImage, GatewayImagePullPolicy: corev1.PullPolicy(o.gatewayPullPolicy),
		Namespaces: o.namespaces.watched, TokenConcurrency: o.maxConcurrentReconciles,
		Admission: admission, Activity: setup.ActivityOptions{WritesPerSecond: o.activity.writes, Address: o.activity.address},
		Registerer: metrics.Registry, Trail: trail,
	})
	if err != nil {
		return err
	}
	log.Info("starting", "version", cli.Version(), "gatewayImage", o.gatewayImage, "leaderElection", o.leaderElect,
		"webhook", o.webhook.on, "namespaces", o.namespaces.watched)
	return mgr.Start(outlast(ctx, o.webhook.drainDelay))
}
