// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

// canned serves fixed bytes to every request, as a Jira that does what jiratest would not.
func canned(tb testing.TB, reply string) (address string) {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				request, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, request.Body)
				_, _ = io.WriteString(conn, reply)
			}()
		}
	}()
	return listener.Addr().String()
}

func cannedBench(tb testing.TB, reply string) (*bench, string) {
	tb.Helper()
	b := newBench(tb, func(b *bench) { b.config.Jira.URL = "http://" + canned(tb, reply) + "/jira" })
	return b, bearer(b.issue("alice", []string{"read", "write"}))
}

const okHead = "HTTP/1.1 200 OK\r\nX-AUSERNAME: alice\r\n"

func TestOddAnswersOfJira(t *testing.T) {
	for name, tc := range map[string]struct {
		reply  string
		status int
		body   string
		absent []string
	}{
		"early hints": {
			"HTTP/1.1 103 Early Hints\r\nSet-Cookie: JSESSIONID=x\r\nLink: </x>\r\n\r\n" + okHead + "Content-Length: 2\r\n\r\nok",
			200, "ok",
			[]string{"Set-Cookie", "Link"},
		},
		"trailers": {
			okHead + "Trailer: Set-Cookie, X-Late\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nSet-Cookie: JSESSIONID=x\r\nX-Late: 1\r\n\r\n",
			200, "ok",
			[]string{"Set-Cookie", "X-Late", "Trailer"},
		},
		"unannounced trailers": {
			okHead + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nSet-Cookie: JSESSIONID=x\r\n\r\n",
			200, "ok",
			[]string{"Set-Cookie"},
		},
		"cookies and hop headers": {
			okHead + "Set-Cookie: JSESSIONID=x\r\nSet-Cookie: a=b\r\nset-cookie2: x\r\nAlt-Svc: h3=\":443\"\r\nConnection: X-Hop\r\n" +
				"X-Hop: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok",
			200, "ok",
			[]string{"Set-Cookie", "Set-Cookie2", "Alt-Svc", "X-Hop", "Keep-Alive"},
		},
		"switching protocols": {
			"HTTP/1.1 101 Switching Protocols\r\nX-AUSERNAME: alice\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
			502, "",
			[]string{"Upgrade", "X-Ausername"},
		},
		"no HTTP":        {"SSH-2.0-OpenSSH_9.9\r\n", 502, "", nil},
		"nothing":        {"", 502, "", nil},
		"endless header": {okHead + "X-Large: " + strings.Repeat("a", maxResponseHeaderBytes+1), 502, "", nil},
		"folded name":    {"HTTP/1.1 200 OK\r\nX-AUSERNAME: ALICE\r\nContent-Length: 2\r\n\r\nok", 200, "ok", nil},
		"no content":     {"HTTP/1.1 204 No Content\r\nX-AUSERNAME: alice\r\n\r\n", 204, "", nil},
		"a proxy's page": {"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nServer: x\r\n\r\nproxy", 404, "", []string{"Server"}},
		"a proxy's 200":  {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy", 502, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			b, tok := cannedBench(t, tc.reply)
			a := b.send("GET", myself, tok)
			if a.StatusCode != tc.status || tc.body != "" && a.body != tc.body {
				t.Errorf("%d %q", a.StatusCode, a.body)
			}
			if a.StatusCode >= 400 {
				a.message(t)
			}
			for _, header := range tc.absent {
				if len(a.Header[header]) > 0 || len(a.Trailer[header]) > 0 {
					t.Errorf("%s: %q %q", header, a.Header[header], a.Trailer[header])
				}
			}
		})
	}
}

func TestAnAnswerThatBreaksOffBreaksOff(t *testing.T) {
	b, tok := cannedBench(t, okHead+"Content-Length: 100\r\n\r\nonly this")
	conn := b.dial()
	_, _ = io.WriteString(conn, "GET "+myself+" HTTP/1.1\r\nHost: x\r\n"+tok+"\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err == nil { // else it broke off before anything of it had left the gateway
		if body, err := io.ReadAll(response.Body); err == nil || len(body) > len("only this") {
			t.Errorf("%q %v", body, err)
		}
	}
	if line := b.auditLines(1)[0]; line.Reason != reasonAborted {
		t.Errorf("%+v", line)
	}
}

func TestLocationLeadsToThePublicAddress(t *testing.T) {
	b := newBench(t)
	tok := bearer(b.issue("alice", []string{"read"}))
	for location, want := range map[string]string{
		jiraBase + "/rest/api/2/issue/1":   publicBase + "/rest/api/2/issue/1",
		"HTTPS://Jira.example/jira/x":      publicBase + "/x",
		jiraBase:                           publicBase,
		jiraBase + "?a=b":                  publicBase + "?a=b",
		jiraBase + "2/x":                   jiraBase + "2/x",
		"https://jira.example.evil/jira/x": "https://jira.example.evil/jira/x",
		"/jira/rest/api/2/issue/1":         "/jira/rest/api/2/issue/1",
		"https://elsewhere/?u=" + jiraBase: "https://elsewhere/?u=" + jiraBase,
	} {
		b.jira.Fault(jiratest.Fault{Status: 303, Times: 1, Header: http.Header{"Location": {location}, "Content-Location": {location}}})
		a := b.send("GET", myself, tok)
		if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != want || a.Header.Get("Content-Location") != want {
			t.Errorf("%s: %d %v", location, a.StatusCode, a.Header)
		}
	}
}

func TestJiraOutOfReach(t *testing.T) {
	b := newBench(t, func(b *bench) { b.config.Jira.URL = "http://127.0.0.1:1/jira" })
	a := b.send("GET", myself, bearer(b.issue("alice", []string{"read"})))
	if a.StatusCode != http.StatusBadGateway || !strings.Contains(a.message(t), "can't be reached") || strings.Contains(a.body, "127.0.0.1") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	b = newBench(t)
	b.handler.settings.Load().transport.ResponseHeaderTimeout = 50e6
	b.jira.Fault(jiratest.Fault{Delay: 1e9})
	a = b.send("GET", myself, bearer(b.issue("alice", []string{"read"})))
	if a.StatusCode != http.StatusGatewayTimeout || !strings.Contains(a.message(t), "in time") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

func TestRateLimitsOfJiraPass(t *testing.T) {
	b := newBench(t)
	b.jira.Fault(jiratest.Fault{Status: 429})
	a := b.send("GET", myself, bearer(b.issue("alice", []string{"read"})))
	if a.StatusCode != http.StatusTooManyRequests || a.Header.Get("X-Ratelimit-Limit") == "" || a.Header.Get("Retry-After") != "5" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
}

func TestAURLWithoutContextPath(t *testing.T) {
	jira := jiratest.Start(t, jiratest.Config{BaseURL: "https://jira.example"})
	jira.AddUser(jiratest.User{Name: "alice", Permissions: jiratest.Browse})
	b := newBench(t, func(b *bench) {
		b.jira = jira
		b.secrets = nil
		b.addOwnerToken("alice")
		b.config.Jira = gatewayconfig.Jira{URL: jira.URL(), BaseURL: "https://jira.example", PublicURL: "https://api.example"}
	})
	tok := bearer(b.issue("alice", []string{"read"}))
	for target, status := range map[string]int{
		"/rest/api/2/myself": 200, "/": 403, "/jira/rest/api/2/myself": 403, "//rest/api/2/myself": 400, "/rest/%61pi/2/myself": 400,
	} {
		if a := b.send("GET", target, tok); a.StatusCode != status {
			t.Errorf("%s: %d %s", target, a.StatusCode, a.body)
		}
	}
	if u, _ := url.Parse("https://jira.example"); b.jira.Last().Host != u.Host {
		t.Errorf("%+v", b.jira.Last())
	}
}
