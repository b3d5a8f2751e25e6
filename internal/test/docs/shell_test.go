// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/test/page"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

// What tells the test's own binary to forward a port instead of running tests.
const (
	forwardFrom = "DOCS_TEST_FORWARD_FROM"
	forwardTo   = "DOCS_TEST_FORWARD_TO"
)

// shell runs the blocks of a page, as a reader's terminal in the repository's root.
type shell struct {
	*world

	environment []string
	port        string // of this machine, in place of 8080
}

// newShell makes the folder that commands run in: what the pages name of the repository, and programs on PATH. kubectl is the
// real one but for port-forward, for which there is no kubelet: it forwards to the gateway's process.
func newShell(w *world) *shell {
	w.Helper()
	addresses, err := stack.FreeAddresses(1)
	must(w.T, err)
	_, port, err := net.SplitHostPort(addresses[0])
	must(w.T, err)
	bin := w.TempDir()
	must(w.T, os.Symlink(filepath.Join(root(w.T), "charts"), filepath.Join(w.folder, "charts")))
	self, err := os.Executable()
	must(w.T, err)
	script := fmt.Sprintf("#!/bin/bash\nif [ \"$1\" = port-forward ]; then exec env %s=%s %s=%s %s; fi\nexec %s \"$@\"\n",
		forwardFrom, addresses[0], forwardTo, w.stack.GatewayAddress, self, kubectl(w))
	must(w.T, os.WriteFile(filepath.Join(bin, "kubectl"), []byte(script), 0o700))
	if folder := os.Getenv("HELM"); folder != "" {
		must(w.T, os.Symlink(filepath.Join(folder, "helm"), filepath.Join(bin, "helm")))
	}
	return &shell{world: w, port: port, environment: append(os.Environ(),
		"KUBECONFIG="+w.stack.Kubeconfig, "HOME="+w.folder,
		"PATH="+strings.Join([]string{bin, w.stack.Dir, os.Getenv("PATH")}, string(os.PathListSeparator)))}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func kubectl(w *world) string {
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		return filepath.Join(dir, "kubectl")
	}
	return filepath.Join(root(w.T), "bin", "controlplane", "kubectl")
}

// newWorldWithHelm skips the test where helm was not built: its module brings much, and only the pages' commands need it.
func newWorldWithHelm(t *testing.T) *world {
	t.Helper()
	if os.Getenv("HELM") == "" {
		t.Skip("helm is missing: make test-docs builds it")
	}
	return newWorld(t)
}

// run runs a block and returns what it printed. What it leaves in the background ends with the test.
func (s *shell) run(b *page.Block) string {
	s.Helper()
	text := strings.NewReplacer("8080:80", s.port+":80", "localhost:8080", "localhost:"+s.port).Replace(s.here.Replace(b.Text))
	out, err := os.CreateTemp(s.TempDir(), "out")
	must(s.T, err)
	defer out.Close()
	command := exec.CommandContext(s.Context(), "bash", "-euo", "pipefail", "-c", text)
	command.Dir, command.Env, command.Stdout, command.Stderr = s.folder, s.environment, out, out
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = command.Run()
	s.Cleanup(func() { _ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) })
	printed, readErr := os.ReadFile(out.Name())
	must(s.T, readErr)
	if err != nil {
		s.Fatalf("%s:%d: %v\n%s\n%s%s", b.Page, b.Line, err, text, printed, s.tellState())
	}
	s.Logf("%s:%d\n%s%s", b.Page, b.Line, text, printed)
	return string(printed)
}

// tellState is what a person would look at next.
func (s *shell) tellState() string {
	out, _ := s.stack.Kubectl(s.Context(), "get", "apitokens,tokenpolicies,deployments", "-A", "-o", "wide")
	return out
}

// forward passes connections on until it is killed.
func forward(from, to string) error {
	listener, err := net.Listen("tcp", from)
	if err != nil {
		return err
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			if err := splice(conn, to); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}()
	}
}

func splice(conn net.Conn, to string) error {
	target, err := net.Dial("tcp", to)
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	go func() { _, _ = io.Copy(target, conn) }()
	_, err = io.Copy(conn, target)
	return errors.Join(err, conn.Close(), target.Close())
}
