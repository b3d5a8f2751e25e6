// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

// TestPersonalCredentialsCountInFlight: each class that goes to Jira takes a place, for the network that it comes from.
// Tokens keep their part, and so does another network.
func TestPersonalCredentialsCountInFlight(t *testing.T) {
	for class, line := range map[string]func(*bench) string{
		"basic":     func(*bench) string { return "Authorization: " + basic("alice", "pw-alice") },
		"session":   func(b *bench) string { return "Cookie: JSESSIONID=" + b.jira.AddSession("alice") },
		"anonymous": func(*bench) string { return "X-Nothing: 1" },
		"audited":   func(b *bench) string { return "Authorization: Bearer " + b.jira.AddPAT("alice") },
	} {
		t.Run(class, func(t *testing.T) {
			b := newBench(t, func(b *bench) {
				b.config.MaxInFlight = 2
				b.config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
			})
			b.setPersonal(true, "basic: Allow", "session: Allow", "anonymous: Allow", "jiraToken: Deny audit")
			tok, mine := bearer(b.issue("bob", []string{"read"})), line(b)
			remove := b.jira.Fault(jiratest.Fault{Delay: 20 * time.Second})
			var held []io.Closer
			for _, from := range []string{"192.0.2.1", "192.0.2.200"} {
				conn := b.dial()
				held = append(held, conn)
				_, _ = io.WriteString(conn, "GET "+myself+" HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: "+from+"\r\n"+mine+"\r\n\r\n")
			}
			for len(b.jira.Received()) < 2 {
				time.Sleep(time.Millisecond)
			}
			remove()
			a := b.send("GET", myself, mine, "X-Forwarded-For: 192.0.2.7")
			if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") != "1" ||
				!strings.Contains(a.message(t), "the network that this comes from has its share") {
				t.Errorf("%d %v %s", a.StatusCode, a.Header, a.body)
			}
			if a := b.send("GET", myself, tok); a.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("a token, while all places are taken: %d %s", a.StatusCode, a.body)
			}
			_ = held[0].Close()
			for b.handler.inFlight.Held() > 1 {
				time.Sleep(time.Millisecond)
			}
			for _, try := range []struct {
				what   string
				lines  []string
				status int
			}{
				{"the network that has its share", []string{mine, "X-Forwarded-For: 192.0.2.9"}, http.StatusServiceUnavailable},
				{"a token", []string{tok, "X-Forwarded-For: 192.0.2.9"}, http.StatusOK},
			} {
				if a := b.send("GET", myself, try.lines...); a.StatusCode != try.status {
					t.Errorf("%s: %d %s", try.what, a.StatusCode, a.body)
				}
			}
			if a := b.send("GET", myself, mine, "X-Forwarded-For: 198.51.100.1"); a.StatusCode >= http.StatusInternalServerError {
				t.Errorf("another network: %d %s", a.StatusCode, a.body)
			}
			_ = held[1].Close()
			for b.handler.inFlight.Held() > 0 {
				time.Sleep(time.Millisecond)
			}
			if line := b.auditLines(1)[0]; line.Reason != reasonInFlight || line.Decision != "failed" {
				t.Errorf("%+v", line)
			}
		})
	}
}

// TestRefusedPersonalCredentialsTakeNoPlace: what does not go to Jira leaves no trace in the count.
func TestRefusedPersonalCredentialsTakeNoPlace(t *testing.T) {
	b := newBench(t, func(b *bench) { b.config.MaxInFlight = 1 })
	b.setPersonal(true, "basic: Deny", "anonymous: Allow")
	conn := b.dial()
	b.jira.Fault(jiratest.Fault{Delay: 20 * time.Second, Times: 1})
	_, _ = io.WriteString(conn, "GET "+myself+" HTTP/1.1\r\nHost: x\r\n\r\n")
	for len(b.jira.Received()) == 0 {
		time.Sleep(time.Millisecond)
	}
	if a := b.send("GET", myself, "Authorization: "+basic("alice", "pw-alice")); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if held := b.handler.inFlight.Held(); held != 1 {
		t.Errorf("%d places are taken", held)
	}
	_ = conn.Close()
}
