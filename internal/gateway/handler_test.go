// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"strings"
	"testing"
)

const myself = "/jira/rest/api/2/myself"

func TestATokenReachesJiraAsItsOwner(t *testing.T) {
	b := newBench(t)
	tok := b.issue("alice", []string{"read"})
	a := b.send("GET", myself, bearer(tok))
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, `"alice"`) {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	if a.Header.Get("X-Ausername") != "alice" || a.Header.Get("Set-Cookie") != "" {
		t.Errorf("%v", a.Header)
	}
	got := b.jira.Last()
	if got.User != "alice" || got.Via != "pat" || got.Host != "jira.example" {
		t.Errorf("%+v", got)
	}
	line := b.auditLines(1)[0]
	if line.Decision != "allowed" || line.Owner != "alice" || line.Status != 200 || line.JiraUser != "alice" ||
		line.Path != myself || line.TokenID != tok[4:16] || line.ApiToken != "dev/token-1" {
		t.Errorf("%+v", line)
	}
}
