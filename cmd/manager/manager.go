// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/jiratokens/jira-token-operator/controllers/setup"
	"github.com/jiratokens/jira-token-operator/internal/cli"
)

const (
	leaseName = "jira-token-operator"

	// The first list of 100,000 tokens and their Secrets may take longer than the two minutes that are usual.
	cacheSyncTimeout = 10 * time.Minute
	shutdownTimeout  = 20 * time.Second
)

func newManager(o *options) (manager.Manager, error) {
	scheme, err := setup.Scheme()
	if err != nil {
		return nil, err
	}
	rest, err := ctrl.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("find the Kubernetes API: %w", err)
	}
	rest.QPS, rest.Burst = o.qps, o.burst
	rest.UserAgent = leaseName + "/" + cli.Version()
	cacheOptions, err := setup.CacheOptions()
	if err != nil {
		return nil, err
	}
	warm := true // a stand-by has its caches filled when it takes over
	timeout := shutdownTimeout
	mgr, err := ctrl.NewManager(rest, ctrl.Options{
		Scheme:                  scheme,
		Cache:                   cacheOptions,
		Metrics:                 metricsserver.Options{BindAddress: o.metricsAddress},
		HealthProbeBindAddress:  o.probeAddress,
		LeaderElection:          o.leaderElect,
		LeaderElectionID:        leaseName,
		LeaderElectionNamespace: o.leaderElectionNamespace,
		// The process ends when the manager stops, so another may take over at once.
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       &timeout,
		Controller:                    config.Controller{CacheSyncTimeout: cacheSyncTimeout, EnableWarmup: &warm},
	})
	if err != nil {
		return nil, fmt.Errorf("set up the manager: %w", err)
	}
	return mgr, errors.Join(mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("ping", healthz.Ping))
}
