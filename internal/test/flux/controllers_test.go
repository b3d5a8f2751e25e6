// SPDX-License-Identifier: Apache-2.0

package flux

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

const fluxNamespace = "flux-system"

// controllers are Flux's source-controller and kustomize-controller.
type controllers struct{ running []*stack.Process }

// start installs Flux's kinds and runs both controllers, each as its ServiceAccount.
func (c *controllers) start(ctx context.Context, programs string) error {
	for _, file := range []string{filepath.Join(programs, "crds"), filepath.Join("testdata", "flux-system.yaml")} {
		if _, err := local.Kubectl(ctx, "apply", "--server-side", "-f", file); err != nil {
			return err
		}
	}
	addresses, err := stack.FreeAddresses(3)
	if err != nil {
		return err
	}
	artifacts := filepath.Join(local.Dir, "artifacts")
	if err := os.MkdirAll(artifacts, 0o700); err != nil {
		return err
	}
	err = c.run(ctx, programs, "source-controller", addresses[0],
		"--storage-path="+artifacts, "--storage-addr="+addresses[2], "--storage-adv-addr="+addresses[2])
	if err != nil {
		return err
	}
	return c.run(ctx, programs, "kustomize-controller", addresses[1])
}

func (c *controllers) run(ctx context.Context, programs, name, health string, args ...string) error {
	kubeconfig, err := accountKubeconfig(ctx, name)
	if err != nil {
		return err
	}
	if err := os.Setenv("KUBECONFIG", kubeconfig); err != nil { // they have no flag for it
		return err
	}
	process, err := local.Run(ctx, "http://"+health+"/readyz", filepath.Join(programs, name),
		append(args, "--health-addr="+health, "--metrics-addr=0", "--watch-all-namespaces")...)
	if err != nil {
		return err
	}
	c.running = append(c.running, process)
	return os.Unsetenv("KUBECONFIG")
}

func (c *controllers) stop() {
	for _, process := range c.running {
		process.Stop()
	}
}

// accountKubeconfig writes a kubeconfig with a token of one of Flux's ServiceAccounts.
func accountKubeconfig(ctx context.Context, name string) (string, error) {
	token, err := local.Kubectl(ctx, "create", "token", name, "--namespace="+fluxNamespace, "--duration=12h")
	if err != nil {
		return "", err
	}
	config, err := clientcmd.LoadFromFile(local.Kubeconfig)
	if err != nil {
		return "", err
	}
	for user := range config.AuthInfos {
		config.AuthInfos[user] = &clientcmdapi.AuthInfo{Token: strings.TrimSpace(token)}
	}
	file := filepath.Join(local.Dir, "kubeconfig-"+name)
	return file, clientcmd.WriteToFile(*config, file)
}
