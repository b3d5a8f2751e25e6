// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"strings"
	"testing"
)

// TestPersonalRequestsGiveTheirPlacesBack: the places in flight are for tokens, and what took none gives none back.
func TestPersonalRequestsGiveTheirPlacesBack(t *testing.T) {
	b := newBench(t)
	b.config.MaxInFlight = 2
	b.setPersonal(true, "anonymous: Allow")
	tok := b.issue("alice", []string{"read"})
	for range 5 {
		b.send("GET", myself)
	}
	b.auditLines(5)
	if held := b.handler.inFlight.Held(); held != 0 {
		t.Errorf("%d places are held by nobody", held)
	}
	if a := b.send("GET", myself, bearer(tok)); a.StatusCode != http.StatusOK {
		t.Errorf("a token is locked out: %d %s", a.StatusCode, a.body)
	}
}

// TestNoTunnelBehindAnotherSpelling: Jira rewrites /s/<x>/_/<path> after it decoded it, and forwards to <path>. That
// takes path parameters off and decodes once more.
func TestNoTunnelBehindAnotherSpelling(t *testing.T) {
	openGates(t, func(t *testing.T, b *bench) {
		t.Helper()
		session := "Cookie: JSESSIONID=" + b.jira.AddSession("alice")
		tries := map[string]attempt{}
		for _, path := range []string{
			"/jira/s/x/_/rest%3Bx/api/2/myself", "/jira/s/x/y/_/re%2573t/api/2/myself", "/jira/s/x/_/%3Bx/rest/api/2/myself",
			"/jira/s/x/y/_/login.jsp%3Bx", "/jira/s/x/y/_/login%252ejsp", "/jira/s/x/y/%5F/rest%3B/api/2/myself",
			"/jira/s/x/y/_/rest%252fapi/2/myself", "/jira/s/x/y/_/%2572%2565st%253Bx/api/2/myself",
		} {
			tries[path] = attempt{"GET", path, "", []string{session}}
		}
		never(t, b, tries, 400, 403)
	})
}

// TestTheAuditLogHoldsNoSessionAndNoPassword, not even those of a target that was refused.
func TestTheAuditLogHoldsNoSessionAndNoPassword(t *testing.T) {
	b := newBench(t)
	b.setPersonal(true, openAs["Allow"]...)
	for _, target := range []string{
		page + ";jsessionid=SECRET", page + ";JSESSIONID=SECRET?x=1", page + "%3Bjsessionid=SECRET", page + "/;v=1;jsessionid=SECRET/x",
		"http://alice:SECRET@jira.example/jira/browse/DEMO-1", "//alice:SECRET@jira.example/jira/", "http://SECRET@jira.example",
	} {
		b.forget()
		b.send("GET", target)
		b.auditLines(1)
		if strings.Contains(strings.ToUpper(b.audit.String()), "SECRET") {
			t.Errorf("%s: %s", target, b.audit.String())
		}
	}
}

// TestATokenIsNoPasswordInAnySpelling that a JSON reader or a form reader takes for it.
func TestATokenIsNoPasswordInAnySpelling(t *testing.T) {
	openGates(t, func(t *testing.T, b *bench) {
		t.Helper()
		good := b.issue("alice", []string{"read"})
		whole := `{"username":"alice","password":"` + good + `"}`
		wide := strings.Builder{}
		for _, c := range []byte(whole) {
			wide.Write([]byte{0, c})
		}
		login := func(body string) attempt {
			return attempt{"POST", "/jira/rest/auth/1/session", body, append([]string{jsonType}, asPage...)}
		}
		never(t, b, map[string]attempt{
			"escaped":         login(strings.Replace(whole, "jat_", `\u006aat_`, 1)),
			"escaped, within": login(strings.Replace(whole, "jat_", `jat_\u00`+"3"+"0", 1)),
			"UTF-16":          login(wide.String()),
			"plus":            {"POST", "/jira/login.jsp", "os_username=alice&os_password=+jat_short", []string{formLine}},
			"plus, query":     {"GET", myself + "?os_username=alice&os_password=+jat_short", "", nil},
		}, 400)
	})
}

// TestDeniedPasswordsAreBounded: 100 at once of a network, as without personalCredentials.
func TestDeniedPasswordsAreBounded(t *testing.T) {
	b := newBench(t)
	b.setPersonal(true, "anonymous: Allow")
	last := 0
	for range failureBurst + 1 {
		last = b.send("GET", myself, "Authorization: "+basic("alice", "guess")).StatusCode
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("%d", last)
	}
}
