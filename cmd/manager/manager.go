// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	ctrlconfig "sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/jiratokens/jira-token-operator/controllers/namespaced"
	"github.com/jiratokens/jira-token-operator/controllers/setup"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
	"github.com/jiratokens/jira-token-operator/internal/cli"
)

const (
	leaseName = "jira-token-operator"

	// The first list of 100,000 tokens and their Secrets may take longer than the two minutes that are usual.
	cacheSyncTimeout = 10 * time.Minute
	shutdownTimeout  = 20 * time.Second
)

// reachAPI finds the Kubernetes API, and waits until it answers.
func reachAPI(ctx context.Context, o *options, log logr.Logger) (*rest.Config, error) {
	config, err := ctrl.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("find the Kubernetes API: %w", err)
	}
	config.QPS, config.Burst = o.qps, o.burst
	config.UserAgent = leaseName + "/" + cli.Version()
	return config, awaitAPI(ctx, config, o.probeAddress, askAgain, log)
}

func newManager(o *options, config *rest.Config, trail audittrail.Recorder) (manager.Manager, *setup.Admission, error) {
	scheme, err := setup.Scheme()
	if err != nil {
		return nil, nil, err
	}
	if o.namespace, err = ownNamespace(o.namespace); err != nil {
		return nil, nil, err
	}
	cacheOptions, err := setup.CacheOptions()
	if err != nil {
		return nil, nil, err
	}
	admission, err := newAdmission(o, trail, config, scheme)
	if err != nil {
		return nil, nil, err
	}
	warm := true // a stand-by has its caches filled when it takes over
	timeout := shutdownTimeout
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                  scheme,
		Cache:                   cacheOptions,
		NewCache:                namespaced.NewCache(o.namespaces.watched),
		Metrics:                 metricsserver.Options{BindAddress: o.metricsAddress},
		HealthProbeBindAddress:  o.probeAddress,
		WebhookServer:           admission.WebhookServer(),
		LeaderElection:          o.leaderElect,
		LeaderElectionID:        leaseName,
		LeaderElectionNamespace: o.namespace,
		// The process ends when the manager stops, so another may take over at once.
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       &timeout,
		Controller:                    ctrlconfig.Controller{CacheSyncTimeout: cacheSyncTimeout, EnableWarmup: &warm},
	})
	if err != nil {
		return nil, nil, fmt.Errorf("set up the manager: %w", err)
	}
	return mgr, admission, errors.Join(mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("ping", healthz.Ping))
}

func newAdmission(
	o *options, trail audittrail.Recorder, config *rest.Config, scheme *runtime.Scheme,
) (*setup.Admission, error) {
	admissionOptions, err := o.admissionOptions()
	if err != nil {
		return nil, err
	}
	admissionOptions.Trail = trail
	return setup.NewAdmission(config, scheme, admissionOptions)
}
