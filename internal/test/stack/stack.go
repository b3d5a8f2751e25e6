// SPDX-License-Identifier: Apache-2.0

// Package stack runs the whole product on this machine, for the demo, benchmarks, and tests of it as processes: a real
// kube-apiserver and etcd, and the manager and the gateway, each with the rights and the flags that it has in a cluster. There is
// no kubelet: the gateway's process stands in for its Deployment's pods.
package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const (
	managerNamespace = "jira-token-operator-system"
	managerAccount   = "jira-token-operator-manager"

	// PolicyNamespace is of the one TokenPolicy whose gateway is run.
	PolicyNamespace = "jira-gateway"
	// PolicyName is its name.
	PolicyName = "jira"

	gatewayName = PolicyName + "-gateway"
)

// Stack is everything that runs.
type Stack struct {
	// Dir holds logs, keys and configuration. It is left behind for reading.
	Dir string
	// Kubeconfig is the administrator's.
	Kubeconfig string
	// Config is the administrator's.
	Config *rest.Config
	// Client is the administrator's.
	Client kubernetes.Interface
	// Env is the control plane.
	Env *envtest.Environment
	// Manager and Gateway are nil while they do not run.
	Manager, Gateway *Process
	// ManagerArgs are more flags of the manager, which override ours.
	ManagerArgs []string
	// RequestTimeout is the API server's. It is also how long that waits for open watches when it is stopped, so it is short.
	RequestTimeout time.Duration
	// GatewayAddress and GatewayAdminAddress are host:port.
	GatewayAddress, GatewayAdminAddress string

	root, managerProbe, managerMetrics, webhook, activity string
	gatewayArgs                                           []string
}

// New prepares a stack with the given folder, which is emptied. root is the repository's.
func New(root, dir string) (*Stack, error) {
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return nil, err
	}
	addresses, err := FreeAddresses(6)
	if err != nil {
		return nil, err
	}
	return &Stack{
		Dir: dir, Kubeconfig: filepath.Join(dir, "kubeconfig"), root: root, RequestTimeout: 5 * time.Second,
		GatewayAddress: addresses[0], GatewayAdminAddress: addresses[1],
		managerProbe: addresses[2], managerMetrics: addresses[3], webhook: addresses[4], activity: addresses[5],
	}, nil
}

// WebhookAddress is the host:port of the webhook.
func (s *Stack) WebhookAddress() string { return s.webhook }

// ActivityAddress is where gateways report the use of tokens.
func (s *Stack) ActivityAddress() string { return s.activity }

// ManagerMetricsAddress is the host:port of the manager's metrics.
func (s *Stack) ManagerMetricsAddress() string { return s.managerMetrics }

// Build builds the manager, the gateway and the kubectl plugin into the stack's folder.
func (s *Stack) Build(ctx context.Context, flags ...string) error {
	args := append(append([]string{"build"}, flags...), "-o", s.Dir, "./cmd/...")
	build := exec.CommandContext(ctx, "go", args...)
	build.Dir = s.root
	if !slices.Contains(flags, "-race") {
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // as the image has them, and as the Makefile compiles what they need
	}
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go %v: %w: %s", args, err, out)
	}
	return nil
}

// StartControlPlane starts etcd and kube-apiserver from KUBEBUILDER_ASSETS or bin/controlplane.
func (s *Stack) StartControlPlane(context.Context) (err error) {
	s.Env = &envtest.Environment{
		BinaryAssetsDirectory:    s.assets(),
		ControlPlaneStartTimeout: 2 * time.Minute,
		ControlPlaneStopTimeout:  time.Minute,
	}
	// Certificates and keys of its own choice are made anew at each start; then no client would find it again.
	keys := filepath.Join(s.Dir, "apiserver")
	if err := os.MkdirAll(keys, 0o700); err != nil {
		return err
	}
	s.Env.ControlPlane.GetAPIServer().CertDir = keys
	s.Env.ControlPlane.GetAPIServer().Configure().Set("request-timeout", s.RequestTimeout.String())
	if s.Config, err = s.Env.Start(); err != nil {
		return fmt.Errorf("control plane from %s (make controlplane builds it): %w", s.assets(), err)
	}
	s.Config.QPS = -1
	if s.Client, err = kubernetes.NewForConfig(s.Config); err != nil {
		return err
	}
	return os.WriteFile(s.Kubeconfig, s.Env.KubeConfig, 0o600)
}

// StopAPIServer takes the API server away.
func (s *Stack) StopAPIServer() error { return s.Env.ControlPlane.APIServer.Stop() }

// StartAPIServer brings it back, with all its objects.
func (s *Stack) StartAPIServer() error { return s.Env.ControlPlane.APIServer.Start() }

func (s *Stack) assets() string {
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		return dir
	}
	return filepath.Join(s.root, "bin", "controlplane")
}

// Install applies config/default, as on a cluster.
func (s *Stack) Install(ctx context.Context) error {
	_, err := s.Kubectl(ctx, "apply", "--server-side", "-k", filepath.Join(s.root, "config", "default"))
	return err
}

// StartManager runs the manager with the rights of its ServiceAccount. Once it is there, ApiTokens can be created: the API
// server asks its webhook.
func (s *Stack) StartManager(ctx context.Context) error {
	if err := s.RunManager(ctx); err != nil {
		return err
	}
	return WebhookAnswers(ctx, s.Client)
}

// RunManager does so where ApiTokens can't be created: what defines them is being deleted.
func (s *Stack) RunManager(ctx context.Context) error {
	kubeconfig, err := s.accountKubeconfig(ctx, managerNamespace, managerAccount)
	if err != nil {
		return err
	}
	args := append([]string{
		"--kubeconfig=" + kubeconfig, "--leader-elect", "--namespace=" + managerNamespace,
		"--webhook-bind-address=" + s.webhook, "--webhook-url=https://" + s.webhook, "--drain-delay=0s",
		"--activity-bind-address=" + s.activity, "--activity-url=https://" + s.activity,
		"--gateway-image=jira-token-operator:local",
		"--metrics-bind-address=" + s.managerMetrics, "--health-probe-bind-address=" + s.managerProbe,
	}, s.ManagerArgs...)
	s.Manager, err = s.Run(ctx, "http://"+s.managerProbe+"/readyz", filepath.Join(s.Dir, "manager"), args...)
	return err
}

// StartGateway runs the container of the Deployment that the manager makes for the policy, with the rights of its
// ServiceAccount, and says in the Deployment's status what its controller would.
func (s *Stack) StartGateway(ctx context.Context) error {
	deployment, err := s.gatewayDeployment(ctx)
	if err != nil {
		return err
	}
	pod := deployment.Spec.Template.Spec
	kubeconfig, err := s.accountKubeconfig(ctx, PolicyNamespace, pod.ServiceAccountName)
	if err != nil {
		return err
	}
	s.gatewayArgs = append(slices.Clone(pod.Containers[0].Args), "--kubeconfig="+kubeconfig, // later ones override earlier ones
		"--listen="+s.GatewayAddress, "--admin-listen="+s.GatewayAdminAddress,
		"--snapshot-dir="+filepath.Join(s.Dir, "snapshot"), "--drain-delay=0s")
	if s.gatewayArgs, err = s.withProjectedToken(ctx, &pod, s.gatewayArgs); err != nil {
		return err
	}
	if err := s.RestartGateway(ctx); err != nil {
		return err
	}
	return s.reportAvailable(ctx, deployment)
}

// RestartGateway runs the gateway again as StartGateway did, which needs no API server.
func (s *Stack) RestartGateway(ctx context.Context) (err error) {
	s.Gateway, err = s.Run(ctx, "http://"+s.GatewayAdminAddress+"/readyz", filepath.Join(s.Dir, "gateway"), s.gatewayArgs...)
	return err
}

// Run starts a program and waits until a URL answers 200.
func (s *Stack) Run(ctx context.Context, probe, command string, args ...string) (*Process, error) {
	p, err := start(s.Dir, filepath.Base(command), s.root, command, args...)
	if err != nil {
		return nil, err
	}
	if err := p.ready(ctx, probe); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

// Stop ends everything in order.
func (s *Stack) Stop() error {
	for _, p := range []*Process{s.Gateway, s.Manager} {
		if p != nil {
			p.Stop()
		}
	}
	if s.Env == nil {
		return nil
	}
	return s.Env.Stop()
}
