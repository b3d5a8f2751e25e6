// SPDX-License-Identifier: Apache-2.0

package kubectlapitoken_test

import (
	"strings"
	"testing"
)

func TestScopes(t *testing.T) {
	for name, line := range map[string]string{
		"list":       "",
		"operations": "--scope write:comment",
		"needs":      "--method post --path /rest/api/2/issue/DEMO-1/comment",
		"coarse":     "--method POST --path /rest/api/2/unheard/of",
		"history":    "--path /rest/api/2/issue/DEMO-1?updateHistory=true",
		"never":      "--path /rest/pat/latest/tokens",
		"outside":    "--path /secure/Dashboard.jspa",
		"context":    "--path /jira/rest/api/2/search",
		"own":        "--policy-file testdata/simple.yaml --path /rest/rota/1.0/shift/7",
		"own-list":   "--policy-file testdata/simple.yaml --scope read:app",
		"own-denied": "--policy-file testdata/simple.yaml --method POST --path /rest/api/2/unheard/of",
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, "scopes/"+name, "", append([]string{"scopes"}, strings.Fields(line)...)...)
		})
	}
}

// TestScopesUsage: what is wrong with the flags, and what would be right.
func TestScopesUsage(t *testing.T) {
	for line, says := range map[string]string{
		"--path /rest --scope read":                    "--path and --scope are two questions: ask one",
		"--method GET":                                 "--method needs --path, such as /rest/api/2/search",
		"--policy a/b":                                 "a policy changes no scopes, only what needs them: ask with --path or --scope",
		"--path /rest --policy jira":                   `--policy is "jira"; namespace/name is needed, such as jira-gateway/jira`,
		"--path /rest --policy a/b --policy-file none": "--policy and --policy-file are two policies: name one",
		"--path /rest --policy-file none":              "--policy-file none: open none: no such file or directory",
		"--path rest":                                  "it must begin with a slash",
		"--path /rest/../secure":                       `--path has the segment "..", which the gateway refuses`,
		"--scope read:everything":                      `--scope: unknown scope "read:everything"`,
	} {
		stdout, stderr, code := run(t, "", append([]string{"scopes"}, strings.Fields(line)...)...)
		if code != 2 || stdout != "" || !strings.Contains(stderr, says) {
			t.Errorf("%s: exit code %d, %q, %q; want %q", line, code, stdout, stderr, says)
		}
	}
}
