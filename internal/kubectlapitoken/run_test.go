// SPDX-License-Identifier: Apache-2.0

package kubectlapitoken_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

// TestTokenAsArgument: no command takes a token as an argument, repeats it, or asks a cluster of it.
func TestTokenAsArgument(t *testing.T) {
	made, err := token.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret := made.Reveal()
	for _, args := range [][]string{
		{secret},
		{"revoke", secret, "--yes"},
		{"revoke", "--stdin", secret},
		{"rotate", "a", secret},
		{"suspend", secret},
		{"describe", secret},
		{"list", "-l", "token=" + secret},
		{"list", "--credential=" + secret},
		{"watch", "-l" + secret},
		{"create", secret, "--policy", "a/b", "--owner", "alice", "--scopes", "read"},
		{"approve", `"` + secret + `"`},
		{"verify", "--url", "https://jira.example/?token=" + secret},
		{"__complete", "revoke", secret},
	} {
		stdout, stderr, code := run(t, "", args...)
		said := stdout + stderr
		if code != 2 || !strings.Contains(said, "revoke it (kubectl apitoken revoke --stdin), and give tokens on standard input") {
			t.Errorf("%s: exit code %d, %q", args[0], code, strings.ReplaceAll(said, secret, "TOKEN"))
		}
		if strings.Contains(said, secret[17:]) {
			t.Errorf("%s repeats the token", args[0])
		}
	}
}
