// SPDX-License-Identifier: Apache-2.0

// Package health_test drives real objects with the real controllers through each state of docs/concepts.md, and has them
// judged as GitOps tools judge them: by kstatus, by the expressions of docs/flux and by the scripts of docs/argocd.
package health_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/jiratokens/jira-token-operator/controllers/apitoken"
	"github.com/jiratokens/jira-token-operator/controllers/index"
	"github.com/jiratokens/jira-token-operator/controllers/setup"
	"github.com/jiratokens/jira-token-operator/controllers/tokenpolicy"
	"github.com/jiratokens/jira-token-operator/internal/resources"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

var plane *controlplane.Plane

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(controlplane.Main(m, func(p *controlplane.Plane) { plane = p }))
}

// startManager runs the controller of policies, with the caches of the real manager. ApiTokens are reconciled when a test
// asks, each with a clock of its own.
func startManager(t *testing.T) manager.Manager {
	t.Helper()
	cacheOptions, err := setup.CacheOptions()
	must(t, err)
	mgr, err := ctrl.NewManager(plane.Config, ctrl.Options{
		Scheme: plane.Scheme, Cache: cacheOptions, Metrics: metricsserver.Options{BindAddress: "0"},
	})
	must(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	must(t, errors.Join(index.Register(ctx, mgr.GetFieldIndexer()), apitoken.RegisterIndexes(ctx, mgr.GetFieldIndexer())))
	policies := &tokenpolicy.Reconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Clock: clock.RealClock{}, Recorder: mgr.GetEventRecorder("test"),
		Gateway: resources.Options{Image: "gateway.example/gateway:v1"},
	}
	must(t, policies.SetupWithManager(ctx, mgr, 4))
	stopped := make(chan error)
	go func() { stopped <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-stopped; err != nil {
			t.Error("manager:", err)
		}
	})
	if !mgr.GetCache().WaitForCacheSync(ctx) {
		t.Fatal("the cache did not sync")
	}
	return mgr
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func eventually(tb testing.TB, what string, done func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("waited in vain until %s", what)
		}
	}
}
