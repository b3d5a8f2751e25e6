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
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlconfig "sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/jiratokens/jira-token-operator/controllers/setup"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
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

// installDefault is kubectl apply --server-side -k config/default. When the test ends, the webhook is off again: other tests
// run no manager.
func installDefault(t *testing.T) {
	t.Helper()
	rendered := kustomize(t, "default")
	removeWebhook(t) // it may still say where another test's manager was
	for _, object := range decode(t, rendered) {
		if err := apply(t, object); err != nil {
			t.Fatalf("apply %s %s: %v", object.GetKind(), object.GetName(), err)
		}
	}
	t.Cleanup(func() { removeWebhook(t) })
}

func kustomize(t *testing.T, folder string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), kubectl(t), "kustomize", configPath(folder))
	command.Stderr = os.Stderr
	rendered, err := command.Output()
	if err != nil {
		t.Fatalf("kubectl kustomize config/%s: %v", folder, err)
	}
	return rendered
}

func removeWebhook(t *testing.T) {
	t.Helper()
	configuration := &admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "jira-token-operator"}}
	ctx := context.WithoutCancel(t.Context())
	if err := plane.Client.Delete(ctx, configuration); client.IgnoreNotFound(err) != nil {
		t.Fatal(err)
	}
	token := tokenFor(policyFor("default", "default"), "default", "trial")
	eventually(t, func() error { return plane.Client.Create(ctx, token.DeepCopy(), client.DryRunAll) })
}

func eventually(t *testing.T, condition func() error) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
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
	address, err := stack.FreeAddresses(1)
	if err != nil {
		t.Fatal(err)
	}
	admission, err := setup.NewAdmission(config, scheme, setup.AdmissionOptions{
		Namespace: systemNamespace, Webhook: true, Address: address[0], Host: address[0],
	})
	if err != nil {
		t.Fatal(err)
	}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		WebhookServer: admission.WebhookServer(),
		Scheme:        scheme, Cache: cacheOptions, Metrics: metricsserver.Options{BindAddress: "0"},
		LeaderElection: true, LeaderElectionID: "jira-token-operator", LeaderElectionNamespace: systemNamespace,
		LeaderElectionReleaseOnCancel: true,
		Controller:                    ctrlconfig.Controller{SkipNameValidation: new(true)}, // another test may have run one
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	if err := setup.Controllers(ctx, mgr, setup.Options{GatewayImage: "gateway", TokenConcurrency: 2, Admission: admission}); err != nil {
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
	token := tokenFor(policyFor("default", "default"), "default", "trial")
	eventually(t, func() error { return plane.Client.Create(t.Context(), token.DeepCopy(), client.DryRunAll) })
}
