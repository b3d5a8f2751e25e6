// SPDX-License-Identifier: Apache-2.0

package kubectlapitoken_test

import (
	"strings"
	"testing"
)

func TestHelp(t *testing.T) {
	for name, args := range map[string][]string{
		"plugin": {"--help"}, "can-i": {"can-i", "--help"}, "approve": {"approve", "--help"}, "deny": {"deny", "--help"},
		"version": {"version", "--help"}, "usage": {"usage", "--help"}, "create": {"create", "--help"}, "list": {"list", "--help"},
		"describe": {"describe", "--help"}, "rotate": {"rotate", "--help"}, "revoke": {"revoke", "--help"},
		"suspend": {"suspend", "--help"}, "resume": {"resume", "--help"}, "verify": {"verify", "--help"}, "watch": {"watch", "--help"},
		"scopes": {"scopes", "--help"},
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
	const create = "create a --owner b --scopes read --policy c/d "
	for line, says := range map[string]string{
		"can": `there is no command "can"; there are approve, can-i, completion, create, deny, describe, list, resume, revoke, rotate, scopes, ` +
			"suspend, usage, verify, version, watch",
		"scopes x":                                   `unexpected argument "x"`,
		"scopes --method GET":                        "--method needs --path",
		"scopes --path rest":                         `--path is "rest"; it must begin with a slash`,
		"scopes --path /rest//x":                     `--path has the segment ""`,
		"scopes --path /a --scope b":                 "ask one",
		"scopes --scope reed":                        `--scope: unknown scope "reed"`,
		"usage":                                      "--policy is needed, as namespace/name",
		"usage --policy jira":                        `--policy is "jira"; namespace/name is needed`,
		"usage --policy a/b/c":                       `--policy is "a/b/c"`,
		"usage --policy a/b -o tree":                 `--output is "tree"; table, json or yaml is needed`,
		"usage --policy a/b --outcome=audit,bad":     `--outcome is "bad"; audit, refused, exempt or allowed is needed`,
		"usage x":                                    `unexpected argument "x"`,
		"version x":                                  `unexpected argument "x"`,
		"approve":                                    "exactly one argument is needed, the name of an ApiToken; there are 0",
		"deny a b":                                   "there are 2",
		"approve a --dry-run=perhaps":                `--dry-run is "perhaps"; none, client or server is needed`,
		"approve a -o tree":                          "--output: ",
		"create":                                     "exactly one argument is needed, the name of the ApiToken to create; there are 0",
		"create a":                                   "--owner is needed",
		"create a --owner b":                         "--scopes is needed",
		"create a --owner b --scopes read":           "--policy is needed",
		create + "--policy jira":                     `--policy is "jira"; namespace/name is needed`,
		create + "--scopes reed":                     `--scopes: unknown scope "reed"`,
		create + "--lifetime 30d":                    `--lifetime is "30d"; hours, minutes or seconds`,
		create + "--expires-at 2020-01-01":           `--expires-at is "2020-01-01"; a time is needed`,
		create + "--expires-at 2020-01-01T00:00:00Z": "which has passed",
		create + "--source-ranges 10.0.0.1/8":        `--source-ranges: "10.0.0.1/8" must be an address range`,
		create + "--header x":                        `--header is "x"; name=pattern is needed`,
		create + "--rate-limit 60":                   `--rate-limit is "60"; requests/period is needed`,
		create + "--rotation-every 5m":               `--rotation-every is "5m"; hours, minutes or seconds from 10m to 87600h`,
		create + "--overlap 1.5h":                    `--overlap is "1.5h"; hours, minutes or seconds from 0s to 720h`,
		create + "--rotation-every 1h --overlap 1h":  "a credential may not outlive its successor",
		create + "--local --secret-name x":           "--secret-name can't go with --local",
		create + "--local --rotation-every 1h":       "--rotation-every and --overlap can't go with --local",
		create + "--token-file x":                    "--token-file needs --local",
		create + "--local -o yaml":                   "--token-file is needed where --output or --dry-run print an object",
		create + "--local --dry-run=client":          "--token-file is needed where --output or --dry-run print an object",
		create + "--wait=-1s":                        "--wait is -1s; a time above 0 is needed",
		create + "--local -v=9":                      "unknown shorthand flag: 'v'", // so nothing of client-go's is ever logged
		strings.Replace(create, " a ", " A_b ", 1):   `NAME is "A_b"`,
		"list x":                      `unexpected argument "x"`,
		"list --state dead":           `--state is "dead"`,
		"list -o tree":                `--output is "tree"; table, wide, json, yaml, name`,
		"list --policy jira":          `--policy is "jira"`,
		"list -l a=b=c":               `--selector is "a=b=c"; labels are needed`,
		"list -A -n x":                "-A and -n can't go together",
		"describe":                    "exactly one argument is needed",
		"rotate":                      "which tokens? Name them, or select them",
		"rotate -n x":                 "with -l, --owner or --policy, or with --all-in-policy",
		"list --credential zapier":    `--credential is "zapier": the id is needed`,
		"list --reason Aproved":       `--reason is "Aproved"; one or more of ApprovalDenied, ApprovalRequired,`,
		"rotate a -l b=c":             "names can't go with",
		"rotate a b --local":          "--local needs exactly one name",
		"rotate a --local --now":      "--now can't go with --local",
		"rotate --all-in-policy jira": `--all-in-policy is "jira"; namespace/name is needed`,
		"revoke":                      "which tokens? Name them, or select them",
		"revoke -A":                   "which tokens? Name them, or select them",
		"revoke a --stdin":            "--stdin can't go with names",
		"suspend":                     "which tokens? Name them, or select them",
		"resume -n x":                 "which tokens? Name them, or select them",
		"watch -o yaml":               `--output is "yaml"; text or json is needed`,
		"watch --event used,born":     `--event is "born"; one or more of declared, changed`,
		"verify":                      "where does the token work?",
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

// TestCreateForGit: the manifest asks no cluster.
func TestCreateForGit(t *testing.T) {
	line := "create zapier -n marketing --policy jira-gateway/jira --owner svc-zapier --scopes read,write:comment --lifetime 720h " +
		"--source-ranges 203.0.113.0/24 --header User-Agent=Zapier* --rate-limit 60/1m --rotation-every 168h --overlap 24h " +
		"--secret-name zapier-jira --labels team=platform --dry-run=client -o yaml"
	golden(t, "create/git", "", strings.Fields(line)...)
	golden(t, "create/dry-run", "", strings.Fields("create laptop -n dev --policy jira-gateway/jira --owner alice --scopes read --dry-run=client")...)
	golden(t, "create/no-cluster", "", strings.Fields("create laptop -n dev --policy jira-gateway/jira --owner alice --scopes read --local")...)
}

// TestCompletion: what the plugin knows itself is offered without a cluster.
func TestCompletion(t *testing.T) {
	for line, want := range map[string]string{
		"create x --scopes read:is": "read:issue\n",
		"list --state s":            "suspended\n",
		"list --sort-by l":          "last-used\n",
		"watch --event ro":          "rotated\n",
		"create x --dry-run s":      "server\n",
		"revoke --policy ":          ":1\n", // an error, as there is no cluster
		"describe ":                 ":1\n",
	} {
		args := append([]string{"__complete"}, strings.Split(line, " ")...)
		if stdout, _, code := run(t, "", args...); code != 0 || !strings.Contains(stdout, want) {
			t.Errorf("%s: exit code %d: %s", line, code, stdout)
		}
	}
}
