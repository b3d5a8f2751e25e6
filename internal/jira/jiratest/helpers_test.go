// SPDX-License-Identifier: Apache-2.0

package jiratest_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

const baseURL = "https://jira.example/jira"

// start is a Jira with alice (browse, edit), rita (browse), root (admin), nobody's public and alice's private project.
func start(t *testing.T) *jiratest.Server {
	t.Helper()
	return startWith(t, jiratest.Config{})
}

func startWith(t *testing.T, c jiratest.Config) *jiratest.Server {
	t.Helper()
	c.ContextPath, c.BaseURL = "/jira", baseURL
	srv := jiratest.Start(t, c)
	srv.AddUser(jiratest.User{
		Name: "alice", Password: "pw", Permissions: jiratest.Browse | jiratest.Edit, Groups: []string{"developers"},
	})
	srv.AddUser(jiratest.User{Name: "rita@corp.example", Password: "pw", Permissions: jiratest.Browse})
	srv.AddUser(jiratest.User{Name: "root", Password: "pw", Permissions: jiratest.Browse | jiratest.Edit | jiratest.Admin})
	srv.AddUser(jiratest.User{Name: "gone", Password: "pw", Inactive: true, Groups: []string{"developers"}})
	srv.AddUser(jiratest.User{Name: "blind", Password: "pw"})
	srv.AddProject(jiratest.Project{Key: "DEMO"})
	srv.AddProject(jiratest.Project{Key: "PUB", Public: true})
	srv.AddIssue(jiratest.Issue{Key: "DEMO-1", Summary: "Secret [plan]", Reporter: "alice"})
	srv.AddIssue(jiratest.Issue{Key: "PUB-1", Summary: "Open day"})
	return srv
}

// answer is a response that has been read whole.
type answer struct {
	*http.Response
	body string
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		t.Fatalf("%s: not JSON: %v", a.body, err)
	}
	return out
}

// send writes one request to the socket byte for byte: no client tidies up the target. Headers are lines "Name: value".
func send(t *testing.T, srv *jiratest.Server, method, target, body string, headers ...string) answer {
	t.Helper()
	u, err := url.Parse(srv.URL())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	lines := append([]string{method + " " + target + " HTTP/1.1", "Host: jira.example"}, headers...)
	if body != "" {
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	if _, err = io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n"+body); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res, string(raw)}
}

const (
	jsonType  = "Content-Type: application/json"
	aliceAuth = "Authorization: Basic YWxpY2U6cHc="                 // alice:pw
	ritaAuth  = "Authorization: Basic cml0YUBjb3JwLmV4YW1wbGU6cHc=" // rita@corp.example:pw
	rootAuth  = "Authorization: Basic cm9vdDpwdw=="                 // root:pw
	blindAuth = "Authorization: Basic YmxpbmQ6cHc="                 // blind:pw
	goneAuth  = "Authorization: Basic Z29uZTpwdw=="                 // gone:pw
	wrongAuth = "Authorization: Basic YWxpY2U6d3Jvbmc="             // alice:wrong
)

func wantStatus(t *testing.T, a answer, status int) {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("status %d, want %d: %s", a.StatusCode, status, a.body)
	}
}

func wantHeader(t *testing.T, a answer, name, value string) {
	t.Helper()
	if got := a.Header.Get(name); got != value {
		t.Errorf("%s: %q, want %q", name, got, value)
	}
}

func wantUser(t *testing.T, srv *jiratest.Server, user, via string) {
	t.Helper()
	if last := srv.Last(); last.User != user || last.Via != via {
		t.Errorf("decided on %q via %q, want %q via %q", last.User, last.Via, user, via)
	}
}
