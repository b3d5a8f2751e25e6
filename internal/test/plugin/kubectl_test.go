// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// assets is the folder with kubectl, etcd and kube-apiserver.
func assets(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("KUBEBUILDER_ASSETS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "bin", "controlplane")
	}
	dir, err := filepath.Abs(dir)
	must(t, err)
	return dir
}

// TestKubectlFindsThePlugin: built and put on the PATH, kubectl runs it and passes its exit code on.
func TestKubectlFindsThePlugin(t *testing.T) {
	kubectl := filepath.Join(assets(t), "kubectl")
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", dir, "../../../cmd/kubectl-apitoken")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is released
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	for line, want := range map[string]struct {
		code int
		says string
	}{
		"apitoken version":     {0, "kubectl-apitoken "},
		"apitoken can-i":       {2, "See kubectl apitoken can-i --help"},
		"plugin list":          {0, filepath.Join(dir, "kubectl-apitoken")},
		"apitoken __complete ": {0, "can-i"},
	} {
		command := exec.CommandContext(t.Context(), kubectl, strings.Split(line, " ")...)
		out, _ := command.CombinedOutput()
		if code := command.ProcessState.ExitCode(); code != want.code || !strings.Contains(string(out), want.says) {
			t.Errorf("kubectl %s: exit code %d, want %d with %s\n%s", line, code, want.code, want.says, out)
		}
	}
}
