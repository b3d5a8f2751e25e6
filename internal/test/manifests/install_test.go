// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	ctrlconfig "sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/jiratokens/jira-token-operator/controllers/setup"
)

const (
	systemNamespace = "jira-token-operator-system"
	managerAccount  = "jira-token-operator-manager"
)

func kubectl(t *testing.T) string {
	t.Helper()
	assets := configPath("..", "bin", "controlplane")
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		assets = dir
	}
	path, err := filepath.Abs(filepath.Join(assets, "kubectl"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// installDefault is kubectl apply --server-side -k config/default.
func installDefault(t *testing.T) {
	t.Helper()
	command := exec.CommandContext(t.Context(), kubectl(t), "kustomize", configPath("default"))
	command.Stderr = os.Stderr
	rendered, err := command.Output()
	if err != nil {
		t.Fatalf("kubectl kustomize config/default: %v", err)
	}
	for _, object := range decode(t, rendered) {
		if err := apply(t, object); err != nil {
			t.Fatalf("apply %s %s: %v", object.GetKind(), object.GetName(), err)
		}
	}
}

func eventually(t *testing.T, condition func() error) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("waited in vain: ", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func startManager(t *testing.T, config *rest.Config) {
	t.Helper()
	ctrl.SetLogger(logr.Discard())
	scheme, err := setup.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	cacheOptions, err := setup.CacheOptions()
	if err != nil {
		t.Fatal(err)
	}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme, Cache: cacheOptions, Metrics: metricsserver.Options{BindAddress: "0"},
		LeaderElection: true, LeaderElectionID: "jira-token-operator", LeaderElectionNamespace: systemNamespace,
		LeaderElectionReleaseOnCancel: true,
		Controller:                    ctrlconfig.Controller{SkipNameValidation: new(true)}, // another test may have run one
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	if err := setup.Controllers(ctx, mgr, setup.Options{GatewayImage: "gateway", TokenConcurrency: 2}); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error)
	go func() { stopped <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-stopped; err != nil {
			t.Error("manager:", err)
		}
	})
}
