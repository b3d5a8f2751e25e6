// SPDX-License-Identifier: Apache-2.0

package kubectlapitoken_test

import (
	"strings"
	"testing"
)

func TestHelp(t *testing.T) {
	for name, args := range map[string][]string{
		"plugin": {"--help"}, "can-i": {"can-i", "--help"}, "approve": {"approve", "--help"}, "deny": {"deny", "--help"},
		"version": {"version", "--help"}, "usage": {"usage", "--help"},
	} {
		stdout, stderr, code := run(t, "", args...)
		// kubectl's own flags are the same for all, and not ours to pin.
		own, _, _ := strings.Cut(stdout, "\nGlobal Flags:")
		if code != 0 || stderr != "" || (name != "plugin" && !strings.Contains(own, "Examples:\n  ")) {
			t.Errorf("%s: exit code %d\n%s%s", name, code, own, stderr)
		}
		for line := range strings.Lines(own) {
			if len(line) > 130 && !strings.HasPrefix(strings.TrimSpace(line), "-") {
				t.Errorf("%s: too long a line: %s", name, line)
			}
		}
	}
}

func TestWrongCommands(t *testing.T) {
	for line, says := range map[string]string{
		"can":                                    `there is no command "can"; there are approve, can-i, completion, deny, scopes, usage, version`,
		"scopes x":                               `unexpected argument "x"`,
		"scopes --method GET":                    "--method needs --path",
		"scopes --path rest":                     `--path is "rest"; it must begin with a slash`,
		"scopes --path /rest//x":                 `--path has the segment ""`,
		"scopes --path /a --scope b":             "ask one",
		"scopes --scope reed":                    `--scope: unknown scope "reed"`,
		"usage":                                  "--policy is needed, as namespace/name",
		"usage --policy jira":                    `--policy is "jira"; namespace/name is needed`,
		"usage --policy a/b/c":                   `--policy is "a/b/c"`,
		"usage --policy a/b -o tree":             `--output is "tree"; table, json or yaml is needed`,
		"usage --policy a/b --outcome=audit,bad": `--outcome is "bad"; audit, refused, exempt or allowed is needed`,
		"usage x":                                `unexpected argument "x"`,
		"version x":                              `unexpected argument "x"`,
		"approve":                                "exactly one argument is needed, the name of an ApiToken; there are 0",
		"deny a b":                               "there are 2",
		"approve a --dry-run=perhaps":            `--dry-run is "perhaps"; none, client or server is needed`,
		"approve a -o tree":                      "--output: ",
		"approve a --reason " + strings.Repeat("x", 1025): "--reason is 1025 characters long; at most 1024 are possible",
	} {
		stdout, stderr, code := run(t, "", strings.Fields(line)...)
		if code != 2 || stdout != "" || !strings.Contains(stderr, says) {
			t.Errorf("%s: exit code %d, want 2 with %s\n%s%s", line, code, says, stdout, stderr)
		}
	}
}

func TestVersionAndCompletion(t *testing.T) {
	if stdout, _, code := run(t, "", "version"); code != 0 || !strings.HasPrefix(stdout, "kubectl-apitoken ") {
		t.Errorf("exit code %d: %s", code, stdout)
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if stdout, _, code := run(t, "", "completion", shell); code != 0 || !strings.Contains(stdout, "apitoken") {
			t.Errorf("%s: exit code %d: %.100s", shell, code, stdout)
		}
	}
}
