// SPDX-License-Identifier: Apache-2.0

// Package permissions_test tests who may declare and approve which tokens with the whole manager: controllers, webhook and
// the roles of config/, on a real API server, as real users.
package permissions_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/jiratokens/jira-token-operator/controllers/setup"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

const systemNamespace = "jira-token-operator-system"

var plane *controlplane.Plane

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	flag.Parse()
	if testing.Short() {
		fmt.Fprintln(os.Stderr, "skipped with -short: these tests need a control plane")
		return
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if plane, err = controlplane.Start(); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, plane.Stop()) }()
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	if err := install(ctx); err != nil {
		stop()
		return 1, err
	}
	if err := start(ctx, stopped); err != nil {
		stop()
		return 1, err
	}
	code = m.Run()
	stop() // the manager's watches have to end before the API server can
	return code, <-stopped
}

func kubectl() string {
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		return filepath.Join(dir, "kubectl")
	}
	return filepath.Join("..", "..", "..", "bin", "controlplane", "kubectl")
}

// install applies config/default but for the manager's Deployment.
func install(ctx context.Context) error {
	rendered, err := exec.CommandContext(ctx, kubectl(), "kustomize", filepath.Join("..", "..", "..", "config", "default")).Output()
	if err != nil {
		return fmt.Errorf("kubectl kustomize config/default: %w", err)
	}
	objects, err := decode(rendered)
	if err != nil {
		return err
	}
	for _, object := range objects {
		configuration := client.ApplyConfigurationFromUnstructured(object)
		if err := plane.Client.Apply(ctx, configuration, client.FieldOwner("kubectl"), client.ForceOwnership); err != nil {
			return fmt.Errorf("apply %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

// start runs a manager with the rights of its ServiceAccount and waits until its webhook is asked.
func start(ctx context.Context, stopped chan<- error) error {
	config, err := managerAccount(ctx)
	if err != nil {
		return err
	}
	addresses, err := stack.FreeAddresses(1)
	if err != nil {
		return err
	}
	mgr, admission, err := newManager(config, addresses[0])
	if err != nil {
		return err
	}
	err = setup.Controllers(ctx, mgr, setup.Options{GatewayImage: "gateway", TokenConcurrency: 4, Admission: admission})
	if err != nil {
		return err
	}
	go func() { stopped <- mgr.Start(ctx) }()
	return stack.WebhookAnswers(ctx, plane.Clientset)
}

// managerAccount is the manager's ServiceAccount: nobody else may write hash Secrets.
func managerAccount(ctx context.Context) (*rest.Config, error) {
	request, err := plane.Clientset.CoreV1().ServiceAccounts(systemNamespace).CreateToken(ctx,
		"jira-token-operator-manager", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("request a token of the manager's ServiceAccount: %w", err)
	}
	config := rest.AnonymousClientConfig(plane.Config)
	config.QPS, config.BearerToken = -1, request.Status.Token
	return config, nil
}

func newManager(config *rest.Config, address string) (ctrl.Manager, *setup.Admission, error) {
	scheme, err := setup.Scheme()
	if err != nil {
		return nil, nil, err
	}
	cacheOptions, err := setup.CacheOptions()
	if err != nil {
		return nil, nil, err
	}
	admission, err := setup.NewAdmission(config, scheme, setup.AdmissionOptions{
		Namespace: systemNamespace, Webhook: true, Address: address, Host: address,
	})
	if err != nil {
		return nil, nil, err
	}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme, Cache: cacheOptions, Metrics: metricsserver.Options{BindAddress: "0"},
		WebhookServer: admission.WebhookServer(),
	})
	return mgr, admission, err
}

func decode(content []byte) ([]*unstructured.Unstructured, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	var out []*unstructured.Unstructured
	for {
		u := &unstructured.Unstructured{}
		switch err := decoder.Decode(&u.Object); {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		}
		out = append(out, u)
	}
}
