// SPDX-License-Identifier: Apache-2.0

package kubectlapitoken_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken"
)

var rewrite = flag.Bool("update", false, "write testdata/*/*.txt anew; read the diff")

// run runs the plugin where there is no kubeconfig, at noon of a certain day.
func run(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	t.Setenv("HOME", t.TempDir())
	var out, errOut bytes.Buffer
	streams := genericiooptions.IOStreams{In: strings.NewReader(stdin), Out: &out, ErrOut: &errOut}
	now := clocktesting.NewFakePassiveClock(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
	code = kubectlapitoken.Run(t.Context(), args, streams, now)
	return out.String(), errOut.String(), code
}

// golden compares a transcript of a command with a file.
func golden(t *testing.T, file, stdin string, args ...string) {
	t.Helper()
	stdout, stderr, code := run(t, stdin, args...)
	quoted := make([]string, len(args))
	for i, arg := range args {
		if quoted[i] = arg; arg == "" || strings.Contains(arg, " ") {
			quoted[i] = "'" + arg + "'"
		}
	}
	have := fmt.Sprintf("$ kubectl apitoken %s\n%s", strings.Join(quoted, " "), stdout)
	if stderr != "" {
		have += "--- standard error\n" + stderr
	}
	have += fmt.Sprintf("--- exit code %d\n", code)
	path := filepath.Join("testdata", file+".txt")
	if *rewrite {
		if err := os.WriteFile(path, []byte(have), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if have != string(want) {
		t.Errorf("have\n%s\nwant (%s; -update writes it anew)\n%s", have, path, want)
	}
}
