// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

// jiraBaseURL is what the stand-in believes its address to be: not its socket, as behind any proxy.
const jiraBaseURL = "https://jira.corp.example/jira"

// stage is the stack with a stand-in Jira.
type stage struct {
	*stack.Stack
	jira                *stack.Process
	jiraURL, gatewayURL string
	unlock              func() error
}

// lock keeps a second demo from taking away the first one's folder; it ends with the process.
func lock(path string) (unlock func() error, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(errors.New("another demo is running in this folder: end it with Ctrl-C first"), file.Close())
	}
	return file.Close, nil
}

func newStage() (*stage, error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(root, "bin", "demo")
	unlock, err := lock(dir + ".lock")
	if err != nil {
		return nil, err
	}
	local, err := stack.New(root, dir)
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	return &stage{Stack: local, unlock: unlock, gatewayURL: "http://" + local.GatewayAddress + "/jira"}, nil
}

// build starts everything in order, a line each.
func (s *stage) build(ctx context.Context) error {
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"build manager and gateway (first: minutes)", func(ctx context.Context) error { return s.Build(ctx) }},
		{"Kubernetes API server and etcd", s.StartControlPlane},
		{"stand-in Jira", s.startJira},
		{"custom resources, roles and admission policies", s.Install},
		{"manager", s.StartManager},
		{"the samples' policy and tokens", s.applySamples},
		{"gateway", s.StartGateway},
	} {
		begin := time.Now()
		fmt.Printf("  %-46s", step.what)
		if err := step.do(ctx); err != nil {
			fmt.Println()
			return fmt.Errorf("%s: %w", step.what, err)
		}
		fmt.Printf(" %5.1f s\n", time.Since(begin).Seconds())
	}
	return nil
}

func (s *stage) startJira(ctx context.Context) error {
	program := filepath.Join(s.Dir, "standin-jira")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./hack/standin-jira").CombinedOutput(); err != nil {
		return fmt.Errorf("build the stand-in: %w: %s", err, out)
	}
	addresses, err := stack.FreeAddresses(1)
	if err != nil {
		return err
	}
	s.jiraURL = "http://" + addresses[0] + "/jira"
	s.jira, err = s.Run(ctx, s.jiraURL+"/rest/api/2/serverInfo", program, "--listen="+addresses[0], "--context-path=/jira",
		"--base-url="+jiraBaseURL, "--data=hack/demo/manifests/jira.json")
	return err
}

// applySamples applies config/samples as they are, but for the addresses.
func (s *stage) applySamples(ctx context.Context) error {
	files, err := filepath.Glob("config/samples/*-*.yaml")
	if err != nil {
		return err
	}
	here := strings.NewReplacer("https://jira.internal.example:8443/jira", s.jiraURL,
		"https://jira-api.example/jira", s.gatewayURL, "https://jira.example/jira", jiraBaseURL)
	var all strings.Builder
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		all.WriteString("---\n" + here.Replace(string(raw)))
	}
	samples := filepath.Join(s.Dir, "samples.yaml")
	if err := os.WriteFile(samples, []byte(all.String()), 0o600); err != nil {
		return err
	}
	_, err = s.Kubectl(ctx, "apply", "-f", samples)
	return err
}

// stay leaves everything up until the context ends.
func (s *stage) stay(ctx context.Context) {
	fmt.Printf(`
Everything stays up. In another terminal:

  export KUBECONFIG=%s PATH=%s:%s:$PATH
  kubectl get apitokens -A
  TOKEN=$(kubectl get secret -n reporting weekly-report -o go-template='{{.data.token | base64decode}}')
  curl -H "Authorization: Bearer $TOKEN" %s/rest/api/2/myself
  kubectl explain apitoken.spec
  kubectl apitoken can-i -f hack/demo/manifests/mine.yaml --requester=oidc:paul@corp.example

There is no kubelet here: the gateway of a policy of your own would not start, and deleted namespaces stay Terminating.
Gateway metrics: http://%s/metrics   Logs: %s   Ctrl-C ends it.
`, s.Kubeconfig, os.Getenv("KUBEBUILDER_ASSETS"), s.Dir, s.gatewayURL, s.GatewayAdminAddress, s.Dir)
	<-ctx.Done()
	fmt.Println("\nstopping")
}

func (s *stage) stop() error {
	err := s.Stop()
	if s.jira != nil {
		s.jira.Stop()
	}
	return errors.Join(err, s.unlock())
}
