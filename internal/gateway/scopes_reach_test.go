// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"strings"
	"testing"
)

// What an operation's name does not say of what it reaches, and what docs/scopes.md says of it.

// TestFieldsAreNotScoped: an issue is read with all that hangs on it, and what else expand and fields ask for; the other
// ways to the same things need scopes of their own.
func TestFieldsAreNotScoped(t *testing.T) {
	b := newBench(t)
	const issue = "/jira/rest/api/2/issue/DEMO-1"
	if a := b.sendBody("POST", issue+"/comment", `{"body":"told to everybody"}`, bearer(b.issue("alice", []string{"write:comment"})), jsonType); a.StatusCode != http.StatusCreated {
		t.Fatal(a.StatusCode, a.body)
	}
	reads := bearer(b.issue("alice", []string{"read:issue"}))
	for _, target := range []string{issue + "?fields=comment", "/jira/rest/api/2/search?jql=key=DEMO-1&fields=*all&expand=changelog"} {
		if a := b.send("GET", target, reads); a.StatusCode != http.StatusOK || !strings.Contains(a.body, "told to everybody") {
			t.Errorf("%s: %d %s", target, a.StatusCode, a.body)
		}
	}
	if a := b.send("GET", issue+"/comment", reads); a.StatusCode != http.StatusForbidden {
		t.Errorf("comments by themselves: %d %s", a.StatusCode, a.body)
	}
}

// TestBulkAndBatches: an operation on many things needs what the one on a single thing does, and one whose body says what
// it does is open to no narrow scope.
func TestBulkAndBatches(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		method, target string
		scopes         []string
		refused        bool
	}{
		{"POST", "/rest/api/2/issue/bulk", []string{"write:issue"}, false},
		{"POST", "/rest/api/2/issue/bulk", []string{"write:comment", "read"}, true},
		{"POST", "/rest/api/2/search", []string{"read:issue"}, false},
		{"POST", "/rest/api/2/search", []string{"write"}, true},
		{"POST", "/rest/nativemobile/1.0/batch", []string{"read", "write", "admin"}, true},
		{"POST", "/rest/nativemobile/latest/batch", []string{"read", "write", "admin"}, true},
		{"POST", "/rest/graphql/1/", []string{"read", "write"}, true},
		{"POST", "/rest/graphql/1/", []string{"admin"}, false},
		{"POST", "/rest/gira/1/", []string{"read", "write"}, true},
		{"GET", "/rest/api/2/issue/DEMO-1?updateHistory=true", []string{"read"}, true},
		{"GET", "/rest/api/2/issue/DEMO-1?updateHistory=true", []string{"read", "write"}, false},
	} {
		a := b.sendBody(c.method, "/jira"+c.target, `{}`, bearer(b.issue("alice", c.scopes)), jsonType)
		if refused := a.StatusCode == http.StatusForbidden && len(b.jira.Received()) == 0; refused != c.refused {
			t.Errorf("%s %s with %q: %d %s; want refused: %t", c.method, c.target, c.scopes, a.StatusCode, a.body, c.refused)
		}
		b.jira.Reset()
	}
}
