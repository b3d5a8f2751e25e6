// SPDX-License-Identifier: Apache-2.0

package kubectlapitoken_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each case is a command after `can-i`; its name is that of the file with what it prints.
var canI = map[string]string{
	"permitted":         "--policy-file testdata/simple.yaml -n marketing --owner alice --scopes read --lifetime 720h --rate-limit 60/1m --namespace-labels stage=live",
	"header":            "--policy-file testdata/simple.yaml -n marketing --owner alice --scopes read --lifetime 720h --header User-Agent=Zapier* --rate-limit 60/1m --concurrent 3 --namespace-labels stage=live",
	"approval":          "--policy-file testdata/simple.yaml -n marketing --owner bob --scopes read,write --expires-at 2027-01-31T00:00:00Z",
	"approval-or-not":   "--policy-file testdata/simple.yaml -n marketing --owner alice --scopes read --lifetime 720h --rate-limit 60/1m",
	"limits":            "--policy-file testdata/simple.yaml -n marketing --owner alice --scopes read,admin --namespace-labels stage=test",
	"labels-unknown":    "--policy-file testdata/policy.yaml -n dev --owner svc-zapier --scopes read --source-ranges 203.0.113.8/29 --requester oidc:carol --requester-group platform-team",
	"namespace":         "--policy-file testdata/simple.yaml -n dev --owner alice --scopes read",
	"denied":            "--policy-file testdata/policy.yaml -n dev --namespace-labels jiratokens.io/allowed=true --owner mallory --scopes read",
	"requester-unknown": "--policy-file testdata/policy.yaml -n dev --namespace-labels jiratokens.io/allowed=true --owner alice --scopes read --member-of developers",
	"directory-unknown": "--policy-file testdata/policy.yaml -n dev --namespace-labels jiratokens.io/allowed=true --owner alice --scopes read --requester oidc:alice",
	"all-unknown":       "-f testdata/token.yaml --policy-file testdata/policy.yaml",
	"supposed-member":   "--policy-file testdata/policy.yaml -n dev --namespace-labels jiratokens.io/allowed=true --owner Alice --scopes read --requester oidc:alice --member-of Developers",
	"supposed-none":     "--policy-file testdata/policy.yaml -n dev --namespace-labels jiratokens.io/allowed=true --owner alice --scopes read --requester oidc:alice --member-of=",
	"privileged":        "--policy-file testdata/policy.yaml -n dev --namespace-labels jiratokens.io/allowed=true --owner alice --scopes read --requester oidc:alice --member-of developers --member-of jira-administrators",
	"on-behalf":         "-f testdata/token.yaml --policy-file testdata/policy.yaml --namespace-labels jiratokens.io/allowed=true,team=platform --requester oidc:carol --requester-member-of developers",
	"service-account":   "-f testdata/token.yaml --policy-file testdata/policy.yaml --namespace-labels jiratokens.io/allowed=true,team=platform --requester system:serviceaccount:flux-system:flux --member-of=",
	"impersonated":      "-f testdata/token.yaml --policy-file testdata/policy.yaml --namespace-labels jiratokens.io/allowed=true,team=platform --member-of= --as oidc:carol --as-group platform-team",
	"json":              "-f testdata/token.yaml --policy-file testdata/policy.yaml --namespace-labels jiratokens.io/allowed=true,team=platform --requester oidc:carol -o json",
	"yaml":              "--policy-file testdata/simple.yaml -n marketing --owner bob --scopes read -o yaml",
}

func TestCanI(t *testing.T) {
	for name, line := range canI {
		t.Run(name, func(t *testing.T) {
			golden(t, "can-i/"+name, "", append([]string{"can-i"}, strings.Fields(line)...)...)
		})
	}
}

// TestCanIUsage: what is wrong with flags and files, what it is called, and what would be right.
func TestCanIUsage(t *testing.T) {
	const simple = "--policy-file testdata/simple.yaml -n marketing "
	const alice = simple + "--owner alice --scopes read "
	for line, says := range map[string]string{
		"":                            "--owner is needed",
		"--owner alice":               "--scopes is needed, such as read,write",
		"--owner alice --scopes read": "--policy is needed, as namespace/name",
		"--owner alice --scopes read --policy jira":                                    `--policy is "jira"; namespace/name is needed, such as jira-gateway/jira`,
		"--owner a --scopes read --policy a/b/c":                                       `--policy is "a/b/c"; namespace/name is needed`,
		"--policy-file testdata/simple.yaml --owner alice --scopes read":               "-n is needed with --policy-file",
		alice + "--policy other/jira":                                                  "holds policy jira-gateway/jira, and the one that is asked about is other/jira",
		alice + "-o table,json":                                                        `--output is "table,json"; table, json or yaml is needed`,
		alice + "--concurrent 3":                                                       "--concurrent needs --rate-limit, such as 60/1m",
		alice + "--header Zapier":                                                      `--header is "Zapier"; name=pattern is needed, such as 'User-Agent=Zapier*'`,
		alice + "--header a:b=c":                                                       "--header: a header pattern's name must be a header's",
		alice + "--rate-limit 60/1m --concurrent 0":                                    "--rate-limit: concurrent must be at least 1",
		alice + "--lifetime 30d":                                                       `--lifetime is "30d"; hours, minutes or seconds from 1s to 87600h (ten years) are needed`,
		alice + "--lifetime 90000h":                                                    "to 87600h (ten years)",
		alice + "--lifetime 1h --expires-at 2027-01-31T00:00:00Z":                      "--lifetime and --expires-at can't go together",
		alice + "--expires-at 2027-01-31":                                              `--expires-at is "2027-01-31"; a time is needed, such as 2027-01-31T00:00:00Z`,
		alice + "--expires-at 2026-11-01T12:00:00Z":                                    "--expires-at is 2026-11-01T12:00:00Z, which has passed",
		alice + "--source-ranges 10.0.0.1/8":                                           "--source-ranges: \"10.0.0.1/8\" must be an address range in CIDR notation that begins with its first",
		alice + "--source-ranges 10.0.0.1":                                             "203.0.113.7/32 for a single address",
		alice + "--rate-limit 60":                                                      `--rate-limit is "60"; requests/period is needed, such as 60/1m`,
		alice + "--rate-limit 60/minute":                                               "--rate-limit: period",
		alice + "--rate-limit 0/1m":                                                    "--rate-limit: requests and burst must be at least 1",
		alice + "--member-of developers":                                               "--member-of: policy jira-gateway/jira reads no group from Jira",
		alice + "--requester-group admins":                                             "--requester-group needs --requester",
		simple + "--owner alice --scopes read,reed":                                    `--scopes: unknown scope "reed": known are read, write, admin and <action>:<resource>`,
		simple + "--owner alice --scopes delete:epic":                                  `--scopes: unknown scope "delete:epic": "delete" is no action of epic; there are read, write`,
		simple + "--owner a:b --scopes read":                                           `--owner is "a:b"; a Jira user name is needed`,
		"-f testdata/token.yaml --owner alice":                                         "--owner can't go with -f: the manifest says it",
		"-f testdata/token.yaml --policy a/b":                                          "--policy is a/b, and spec.policyRef in testdata/token.yaml is jira-gateway/jira",
		"-f testdata/token.yaml -n sales --policy-file testdata/policy.yaml":           "-n is sales, and metadata.namespace in testdata/token.yaml is marketing",
		"-f testdata/policy.yaml":                                                      "-f testdata/policy.yaml: it has 0 objects of kind ApiToken; exactly one is needed",
		"-f testdata/none.yaml":                                                        "-f testdata/none.yaml: open testdata/none.yaml: no such file",
		"-f - --policy-file -":                                                         "can't both be standard input",
		"-f testdata/token.yaml --policy-file testdata/policy.yaml --member-of robots": `--member-of is "robots", which is no group that policy jira-gateway/jira reads from Jira; those are developers, jira-administrators, jira-system-administrators`,
		"extra":  `unexpected argument "extra": this command has flags only`,
		"--nope": "unknown flag: --nope",
	} {
		stdout, stderr, code := run(t, "", append([]string{"can-i"}, strings.Fields(line)...)...)
		if code != 2 || stdout != "" || !strings.Contains(stderr, says) || !strings.HasSuffix(stderr, "See kubectl apitoken can-i --help\n") {
			t.Errorf("can-i %s: exit code %d, want 2 with %s\n%s%s", line, code, says, stdout, stderr)
		}
	}
}

// TestManifestsAreReadStrictly: as strictly as the API server would, or the answer would be about another token.
func TestManifestsAreReadStrictly(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("testdata", "token.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	valid := string(content)
	for name, c := range map[string]struct{ from, to, says string }{
		"as it is":        {"", "", ""},
		"unknown field":   {"lifetime: 720h", "lifetme: 720h", `unknown field "spec.lifetme"`},
		"capital letter":  {"lifetime: 720h", "Lifetime: 720h", `unknown field "spec.Lifetime"`},
		"field twice":     {"lifetime: 720h", "lifetime: 720h\n  lifetime: 7200h", "already set"},
		"another version": {"/v1alpha1", "/v1", `apiVersion is "jiratokens.io/v1"; jiratokens.io/v1alpha1 is needed`},
		"number for text": {"lifetime: 720h", "lifetime: 720", "lifetime"},
		"no YAML":         {"spec:", "spec: {", "yaml"},
		"two tokens":      {"", valid + "---\n", "it has 2 objects of kind ApiToken; exactly one is needed"},
		"both expiries":   {"lifetime: 720h", "lifetime: 720h\n  expiresAt: 2027-01-31T00:00:00Z", "spec.lifetime and -f -: spec.expiresAt can't go together"},
		"no policy":       {"  policyRef: {name: jira, namespace: jira-gateway}\n", "", "spec.policyRef needs name and namespace"},
		"too long":        {"Zapier", strings.Repeat("x", 4<<20), "it is longer than 4194304 bytes"},
	} {
		manifest := c.to + valid
		if c.from != "" {
			manifest = strings.Replace(valid, c.from, c.to, 1)
		}
		_, stderr, code := run(t, manifest, "can-i", "-f", "-", "--policy-file", "testdata/policy.yaml")
		if want := map[bool]int{true: 3, false: 2}[c.says == ""]; code != want || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: exit code %d, want %d with %s\n%s", name, code, want, c.says, stderr)
		}
	}
}

// TestPolicyFileThatCantBeUsed permits nothing, and says which field is why.
func TestPolicyFileThatCantBeUsed(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("testdata", "simple.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for from, c := range map[string]struct{ to, says string }{
		"maxLifetime: 720h":        {"maxLifetime: 30d", "spec.rules[0] (marketing): limits.maxLifetime: "},
		"namespace: jira-gateway":  {"labels: {}", "metadata.name and metadata.namespace of the TokenPolicy are needed"},
		"owners: {users: [alice]}": {"owners: {user: alice}", `unknown field "spec.rules[0].owners.user"`},
		"kind: TokenPolicy":        {"kind: Policy", "it has 0 objects of kind TokenPolicy"},
	} {
		policy := strings.Replace(string(content), from, c.to, 1)
		_, stderr, code := run(t, policy, "can-i", "--policy-file", "-", "-n", "marketing", "--owner", "alice", "--scopes", "read")
		if code != 2 || !strings.Contains(stderr, "--policy-file -") || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: exit code %d, want 2 with %s\n%s", c.to, code, c.says, stderr)
		}
	}
}

// TestPolicyFileCantWriteToTheTerminal: whoever opens a pull request must not hide from its reviewer what the policy says.
func TestPolicyFileCantWriteToTheTerminal(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("testdata", "simple.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	forged := strings.Replace(string(content), "name: marketing", `name: "x\e[2K\rPermitted"`, 1)
	stdout, stderr, code := run(t, forged, "can-i", "--policy-file", "-", "-n", "sales", "--owner", "eve", "--scopes", "read")
	if code != 1 || strings.ContainsAny(stdout+stderr, "\x1b\r") || !strings.Contains(stdout, `x^[[2K\rPermitted`) {
		t.Errorf("exit code %d\n%q%s", code, stdout, stderr)
	}
}

// TestNoCluster: without a policy file a cluster is needed, and an answer that it does not give is not known.
func TestNoCluster(t *testing.T) {
	_, stderr, code := run(t, "", "can-i", "--policy", "jira-gateway/jira", "--owner", "alice", "--scopes", "read")
	if code != 3 || !strings.Contains(stderr, "no answer: ") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}
