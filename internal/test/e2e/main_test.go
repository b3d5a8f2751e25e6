// SPDX-License-Identifier: Apache-2.0

// Package e2e runs the operator on a real cluster, with a kubelet, Services and Secret volumes, and takes one part
// after the other away while workloads call Jira. It runs against the cluster of KUBECONFIG, which it takes for itself,
// and does nothing unless E2E_IMAGE names an image that the cluster has: see docs/development.md.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/e2e-framework/klient/conf"
	"sigs.k8s.io/e2e-framework/pkg/env"
	"sigs.k8s.io/e2e-framework/pkg/envconf"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// What all stories use.
var (
	suite  env.Environment
	set    *settings
	config *rest.Config
	scheme = runtime.NewScheme()
	kube   client.Client
	core   kubernetes.Interface
)

func TestMain(m *testing.M) {
	if os.Getenv("E2E_IMAGE") == "" {
		fmt.Println("skipped: E2E_IMAGE is not set; make e2e-local runs these tests on a cluster of their own")
		os.Exit(0)
	}
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	if set, err = readSettings(); err != nil {
		return 1, err
	}
	kubeconfig := conf.ResolveKubeConfigFile()
	if config, err = conf.New(kubeconfig); err != nil {
		return 1, fmt.Errorf("KUBECONFIG=%s: %w", kubeconfig, err)
	}
	config.QPS = -1
	if err := newClients(); err != nil {
		return 1, err
	}
	if err := os.RemoveAll(set.artefacts("")); err != nil {
		return 1, err
	}
	suite = env.NewWithConfig(envconf.NewWithKubeConfig(kubeconfig).WithParallelTestEnabled())
	suite.Setup(inOrder(installFirst, startJira, declarePolicy, declareStanding))
	suite.Finish(cleanUp)
	code = suite.Run(m)
	fmt.Printf("=== stories\n%s\n", &outcome)
	return code, nil
}

func newClients() (err error) {
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return err
	}
	if kube, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	core, err = kubernetes.NewForConfig(config)
	return err
}

// inOrder is one step of the framework's. When it fails, what there is then is written down.
func inOrder(steps ...func(context.Context) error) env.Func {
	return func(ctx context.Context, _ *envconf.Config) (context.Context, error) {
		for _, step := range steps {
			if err := step(ctx); err != nil {
				return ctx, errors.Join(err, writeState(ctx, set.artefacts("setup")))
			}
		}
		return ctx, nil
	}
}

func installFirst(ctx context.Context) error {
	first := &set.operator
	if set.previous.image != "" {
		first = &set.previous
	}
	return install(ctx, helm3, first)
}

func cleanUp(ctx context.Context, _ *envconf.Config) (context.Context, error) {
	if set.keep {
		fmt.Println("everything is left on the cluster, as E2E_KEEP is set")
		return ctx, nil
	}
	return ctx, errors.Join(removePolicy(ctx), uninstall(ctx), removeKept(ctx), removeNamespaces(ctx, jiraNamespace))
}
