// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"strings"
	"testing"
)

// TestBrowsersAreNotAskedForPasswords: a Basic challenge makes them ask in a window of their own; other clients need it.
func TestBrowsersAreNotAskedForPasswords(t *testing.T) {
	b := newBench(t)
	for name, tc := range map[string]struct {
		query string
		line  string
		basic bool
	}{
		"script":            {"", "Accept: */*", true},
		"PowerShell":        {"", "User-Agent: Mozilla/5.0 (Windows NT) WindowsPowerShell/5.1", true},
		"navigation":        {"", "Sec-Fetch-Mode: navigate", false},
		"fetch":             {"", "Sec-Fetch-Site: same-origin", false},
		"image":             {"", "Sec-Fetch-Dest: image", false},
		"XMLHttpRequest":    {"", "X-Requested-With: XMLHttpRequest", false},
		"another origin":    {"", "Origin: https://other.example", false},
		"asks for Basic":    {"?os_authType=basic", "Sec-Fetch-Mode: navigate", true},
		"something like it": {"?x=os_authType=basic", "Sec-Fetch-Mode: navigate", false},
	} {
		a := b.send("GET", myself+tc.query, tc.line)
		all := strings.Join(a.Header["Www-Authenticate"], "; ")
		if a.StatusCode != http.StatusUnauthorized || !strings.Contains(all, "Bearer realm") || strings.Contains(all, "Basic realm") != tc.basic {
			t.Errorf("%s: %d %s", name, a.StatusCode, all)
		}
	}
}

// TestBasicHint: os_authType=basic goes with Basic, and a token may be the password. Jira gets to see nothing of it.
func TestBasicHint(t *testing.T) {
	b := newBench(t)
	tok := b.issue("alice", []string{"read"})
	for _, personal := range []bool{false, true} {
		if personal {
			b.setPersonal(true, "basic: Allow")
		}
		for query, want := range map[string]string{
			"?os_authType=basic": "?", "?a=b&os_authType=basic&c=%20d": "?a=b&c=%20d", "?os_authType=basic&os_authType=basic&c": "?c",
		} {
			b.forget()
			a := b.send("GET", myself+query, "Authorization: "+basic("alice", tok))
			received := b.jira.Received()
			if a.StatusCode != http.StatusOK || len(received) != 1 || received[0].Target != myself+want || received[0].User != "alice" {
				t.Errorf("%s: %d %s %+v", query, a.StatusCode, a.body, received)
			}
		}
		for _, query := range []string{
			"?os_authType=cookie", "?os_authType=any", "?OS_authType=basic", "?os%5FauthType=basic", "?os_authType=basic%26",
			"?os_authType=basic&os_username=bob", "?os_authType", "?os_authType=BASIC",
		} {
			b.forget()
			if a := b.send("GET", myself+query, "Authorization: "+basic("alice", tok)); a.StatusCode != http.StatusBadRequest || len(b.jira.Received()) != 0 {
				t.Errorf("%s: %d %s", query, a.StatusCode, a.body)
			}
		}
	}
	b.forget()
	query := "?os_authType=basic" // beside a password it is Jira's to read
	b.send("GET", myself+query, "Authorization: "+basic("alice", "pw-alice"))
	if b.jira.Received()[0].Target != myself+query {
		t.Errorf("%+v", b.jira.Received())
	}
}
