// SPDX-License-Identifier: Apache-2.0

// Package controlplane starts a real kube-apiserver and etcd for the tests of one package, with the project's CRDs:
//
//	var plane *controlplane.Plane
//
//	func TestMain(m *testing.M) {
//		os.Exit(controlplane.Main(m, func(p *controlplane.Plane) { plane = p }))
//	}
//
// There is no controller manager: nothing is garbage-collected, namespaces stay Terminating, Deployments start no pods.
package controlplane

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// Plane is a running control plane. Its Config and clients are an administrator's.
type Plane struct {
	Config    *rest.Config
	Scheme    *runtime.Scheme // Kubernetes' own kinds and the project's
	Client    client.WithWatch
	Clientset kubernetes.Interface
	// Context ends with the package's tests: an API server waits a minute for those who still watch before it stops.
	Context context.Context

	env *envtest.Environment
}

// Option changes how a control plane starts.
type Option func(*envtest.Environment)

// WithoutCRDs is for packages that know nothing but Secrets.
func WithoutCRDs(env *envtest.Environment) { env.CRDDirectoryPaths = nil }

// Main runs a package's tests with one control plane for all of them and returns the exit code. Benchmarks get it too;
// with -short neither a control plane nor any test is run.
func Main(m *testing.M, use func(*Plane), options ...Option) int {
	flag.Parse()
	if testing.Short() {
		fmt.Fprintln(os.Stderr, "skipped with -short: these tests need a control plane")
		return 0
	}
	plane, err := Start(options...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, cancel := context.WithCancel(context.Background())
	plane.Context = ctx
	use(plane)
	code := m.Run()
	cancel()
	if err := plane.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the control plane:", err)
	}
	return code
}

// Start starts a control plane from KUBEBUILDER_ASSETS or, if that is not set, from bin/controlplane.
func Start(options ...Option) (*Plane, error) {
	root, err := repositoryRoot()
	if err != nil {
		return nil, err
	}
	assets := filepath.Join(root, "bin", "controlplane")
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		assets = dir
	}
	if _, err := os.Stat(filepath.Join(assets, "kube-apiserver")); err != nil {
		return nil, fmt.Errorf("no kube-apiserver in %s: run `make controlplane` first: %w", assets, err)
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	p := &Plane{Scheme: scheme, env: &envtest.Environment{
		Scheme:                   scheme,
		BinaryAssetsDirectory:    assets,
		CRDDirectoryPaths:        []string{filepath.Join(root, "config", "crd", "bases")},
		ErrorIfCRDPathMissing:    true,
		ControlPlaneStartTimeout: 2 * time.Minute, // several packages start one at once
		ControlPlaneStopTimeout:  time.Minute,
	}}
	for _, option := range options {
		option(p.env)
	}
	if err := p.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the control plane: %w", err), p.env.Stop())
	}
	return p, nil
}

func (p *Plane) start() (err error) {
	if p.Config, err = p.env.Start(); err != nil {
		return err
	}
	if p.Client, err = client.NewWithWatch(p.Config, client.Options{Scheme: p.Scheme}); err != nil {
		return err
	}
	p.Clientset, err = kubernetes.NewForConfig(p.Config)
	return err
}

// Stop ends the control plane and removes its files.
func (p *Plane) Stop() error { return p.env.Stop() }

// repositoryRoot is the nearest folder above the test's own that has config/crd.
func repositoryRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "config", "crd")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no config/crd above the test's folder")
		}
		dir = parent
	}
}
