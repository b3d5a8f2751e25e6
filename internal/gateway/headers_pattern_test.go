// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// TestHeaderPatterns: a token that is for one program is refused to others, with the header's name and no pattern.
func TestHeaderPatterns(t *testing.T) {
	b := newBench(t)
	tok := bearer(b.issue("alice", []string{"read"}, func(c *grant.Credential) {
		c.Grant.Headers = []grant.HeaderPattern{{Name: "User-Agent", Pattern: "Zapier*"}}
	}))
	for lines, status := range map[string]int{
		"User-Agent: Zapier/2":                       http.StatusOK,
		"user-agent: Zapier":                         http.StatusOK,
		"User-Agent: zapier":                         http.StatusForbidden,
		"User-Agent: curl":                           http.StatusForbidden,
		"X-User-Agent: Zapier":                       http.StatusForbidden,
		"User-Agent: Zapier\r\nUser-Agent: curl":     http.StatusForbidden,
		"User-Agent: curl\r\nUser-Agent: Zapier":     http.StatusForbidden,
		"User_Agent: Zapier\r\nConnection: keep":     http.StatusForbidden,
		"User-Agent: Zapier\r\nConnection: x-unused": http.StatusOK,
	} {
		a := b.send("GET", myself, tok, lines)
		if a.StatusCode != status {
			t.Errorf("%q: %d %s", lines, a.StatusCode, a.body)
		}
		if status == http.StatusForbidden && (!strings.Contains(a.message(t), "User-Agent") || strings.Contains(a.body, "Zapier")) {
			t.Errorf("%q: %s", lines, a.body)
		}
	}
	b.auditLines(9)
	refused := 0
	for _, line := range b.auditLines(9) {
		if line.Reason == reasonHeader {
			refused++
		}
	}
	if refused != 6 {
		t.Errorf("%d lines have the reason", refused)
	}
}
