// SPDX-License-Identifier: Apache-2.0

// Package admission_test tests who is recorded as having asked for a token: a real kube-apiserver with what config/default
// installs, the manager with the rights of its ServiceAccount, and users with theirs.
package admission_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlconfig "sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/jiratokens/jira-token-operator/controllers/setup"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

const (
	systemNamespace = "jira-token-operator-system"
	managerAccount  = "jira-token-operator-manager"
)

var plane *controlplane.Plane

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(controlplane.Main(m, func(p *controlplane.Plane) { plane = p }))
}

// kubectl runs the real one with the rights of a user.
func kubectl(t *testing.T, config *rest.Config, args ...string) (string, error) {
	t.Helper()
	assets := filepath.Join("..", "..", "..", "bin", "controlplane")
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		assets = dir
	}
	command := exec.CommandContext(t.Context(), filepath.Join(assets, "kubectl"), args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+controlplane.Kubeconfig(t, config), "HOME="+t.TempDir())
	out, err := command.CombinedOutput()
	return string(out), err
}

func install(t *testing.T) {
	t.Helper()
	out, err := kubectl(t, plane.Config, "apply", "--server-side", "--force-conflicts", "-k", filepath.Join("..", "..", "..", "config", "default"))
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// manager is one replica in this process.
type manager struct {
	admission *setup.Admission
	metrics   *prometheus.Registry
	stop      func()
}

// options of a replica; the zero value serves the webhook and decides nothing.
type options struct {
	withoutWebhook    bool
	keepConfiguration bool // of a replica that has ended
	decider           *decider
	trail             audittrail.Recorder
}

// start installs config/default and runs a replica until the test ends, and waits until the API server asks its webhook.
func start(t *testing.T, o options) *manager {
	t.Helper()
	if !o.keepConfiguration {
		removeWebhook(t) // of an earlier test: it sends the API server to a replica that has ended
		install(t)
	}
	address := freeAddress(t)
	config := plane.ServiceAccount(t, systemNamespace, managerAccount)
	scheme, err := setup.Scheme()
	must(t, err)
	cacheOptions, err := setup.CacheOptions()
	must(t, err)
	registry := prometheus.NewRegistry()
	admission, err := setup.NewAdmission(config, scheme, setup.AdmissionOptions{
		Namespace: systemNamespace, Webhook: !o.withoutWebhook, Address: address, Host: address, Registerer: registry, Trail: o.trail,
	})
	must(t, err)
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme, Cache: cacheOptions, Metrics: metricsserver.Options{BindAddress: "0"},
		WebhookServer: admission.WebhookServer(),
		Controller:    ctrlconfig.Controller{SkipNameValidation: new(true)}, // each test has one
	})
	must(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	setupOptions := setup.Options{GatewayImage: "gateway", TokenConcurrency: 2, Admission: admission}
	if o.decider != nil {
		setupOptions.Decider = o.decider
	}
	must(t, setup.Controllers(ctx, mgr, setupOptions))
	stopped := make(chan error)
	go func() { stopped <- mgr.Start(ctx) }()
	stop := func() {
		if ctx.Err() != nil {
			return
		}
		cancel()
		if err := <-stopped; err != nil {
			t.Error("manager:", err)
		}
	}
	t.Cleanup(stop)
	if !o.withoutWebhook {
		namespace := plane.Namespace(t)
		eventually(t, func() error { return plane.Client.Create(t.Context(), newToken(namespace, "trial"), client.DryRunAll) })
	}
	return &manager{admission: admission, metrics: registry, stop: stop}
}

func removeWebhook(t *testing.T) {
	t.Helper()
	configuration := &admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "jira-token-operator"}}
	must(t, client.IgnoreNotFound(plane.Client.Delete(t.Context(), configuration)))
	namespace := plane.Namespace(t)
	eventually(t, func() error { return plane.Client.Create(t.Context(), newToken(namespace, "trial"), client.DryRunAll) })
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
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
		time.Sleep(20 * time.Millisecond)
	}
}
