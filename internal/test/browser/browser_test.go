// SPDX-License-Identifier: Apache-2.0

// Package browser has a real browser, and a script with the same password, use Jira through a gateway before it, with the
// policy that docs/personal-credentials.md recommends.
package browser

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
	"github.com/jiratokens/jira-token-operator/internal/test/gatewaytest"
)

const user, password = "alice", "correct horse & battery=1"

// newJira is a Jira with a gateway before it, and what people call it.
func newJira(t *testing.T) (jira *jiratest.Server, address string) {
	t.Helper()
	listener := gatewaytest.Listen(t)
	address = "http://" + listener.Addr().String() + "/jira"
	jira = jiratest.Start(t, jiratest.Config{ContextPath: "/jira", BaseURL: address})
	jira.AddUser(jiratest.User{Name: user, DisplayName: "Alice A.", Password: password, Permissions: jiratest.Browse | jiratest.Edit})
	jira.AddProject(jiratest.Project{Key: "DEMO"})
	jira.AddIssue(jiratest.Issue{Key: "DEMO", Summary: "first"})
	gatewaytest.Start(t, gatewaytest.Options{
		JiraURL: jira.URL(), BaseURL: address, Listener: listener, Edit: recommended,
	})
	return jira, address
}

// recommended is what docs/personal-credentials.md ends with.
func recommended(c *gatewayconfig.Config) {
	c.FrontDoor = true
	c.Personal = &gatewayconfig.Personal{Classes: []gatewayconfig.PersonalClass{
		{Class: "oauth", Action: gatewayconfig.ActionAllow},
		{Class: gatewayconfig.ClassSession, Action: gatewayconfig.ActionBrowserOnly},
		{Class: "login", Action: gatewayconfig.ActionAllow},
		{Class: "anonymous", Action: gatewayconfig.ActionAllow},
	}}
}

func TestBrowserLogsIn(t *testing.T) {
	driver := os.Getenv("BROWSER_DRIVER")
	if driver == "" {
		t.Skip("the browser is not installed: make test-browser installs and runs it")
	}
	jira, address := newJira(t)
	program := exec.CommandContext(t.Context(), driver)
	program.Env = append(os.Environ(), "JIRA_URL="+address, "JIRA_USER="+user, "JIRA_PASSWORD="+password)
	program.Stderr = t.Output()
	out, err := program.Output()
	t.Logf("%s", out)
	want := `wrong password: Sorry, your username and password are incorrect - please try again.
dashboard: Welcome, Alice A.
xhr: 200 alice
fetch: 200 DEMO-1
post: 201 by a page
reloaded: 200 alice
logged out: Logout
dashboard after log-out: Log in
gadget: 200 alice
`
	if err != nil || string(out) != want {
		t.Errorf("%v: %s", err, out)
	}
	byPassword := 0
	for _, received := range jira.Received() {
		if received.Via != "" && received.Via != "session" {
			t.Errorf("%s %s came by %s", received.Method, received.Target, received.Via)
		}
		if strings.Contains(string(received.Body), "os_password") {
			byPassword++
		}
	}
	if byPassword != 3 {
		t.Errorf("%d log-ins", byPassword)
	}
}

// script is a program that has the password, and behaves as programs do.
type script struct {
	*testing.T

	address string
}

func (s *script) send(method, path, body string, header ...string) (status int, cookies []*http.Cookie) {
	s.Helper()
	request, err := http.NewRequestWithContext(s.Context(), method, s.address+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Add(name, value)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		s.Fatal(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Cookies()
}

// TestScriptDoesNotGetThrough: the same password, each way that scripts have to use it.
func TestScriptDoesNotGetThrough(t *testing.T) {
	jira, address := newJira(t)
	s := &script{t, address}
	form := url.Values{"os_username": {user}, "os_password": {password}}.Encode()
	asJSON := fmt.Sprintf(`{"username":%q,"password":%q}`, user, password)
	const formType, jsonType = "Content-Type: application/x-www-form-urlencoded", "Content-Type: application/json"
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	request.SetBasicAuth(user, password)
	basic := "Authorization: " + request.Header.Get("Authorization")

	// The log-in page is for everybody: a script gets a session there, and nothing from the REST API for it.
	status, cookies := s.send("POST", "/login.jsp", form, formType)
	session := ""
	for _, cookie := range cookies {
		session += "; " + cookie.Name + "=" + cookie.Value
	}
	session = "Cookie: " + strings.TrimPrefix(session, "; ")
	if status != http.StatusFound || !strings.Contains(session, "JSESSIONID=") {
		t.Fatalf("log-in page: %d %s", status, session)
	}

	jira.Reset()
	for _, tc := range []struct {
		name, method, path, body string
		header                   []string
		want                     int
	}{
		{"Basic", "GET", "/rest/api/2/myself", "", []string{basic}, 401},
		{"Basic, to write", "POST", "/rest/api/2/issue/DEMO-1/comment", `{"body":"x"}`, []string{basic, jsonType}, 401},
		{"Basic, on a page", "GET", "/browse/DEMO-1", "", []string{basic}, 401},
		{"Basic, when asked for it", "GET", "/rest/api/2/myself?os_authType=basic", "", []string{basic}, 401},
		{"Basic, as from a page", "GET", "/rest/api/2/myself", "", []string{basic, "X-Requested-With: XMLHttpRequest"}, 401},
		{"query", "GET", "/rest/api/2/myself?" + form, "", nil, 401},
		{"query, on a page", "GET", "/browse/DEMO-1?" + form, "", nil, 401},
		{"form", "POST", "/rest/api/2/search", form, []string{formType}, 401},
		{"log-in", "POST", "/rest/auth/1/session", asJSON, []string{jsonType}, 403},
		{"log-in, other version", "POST", "/rest/auth/latest/session", asJSON, []string{jsonType}, 403},
		{"gadget", "POST", "/rest/gadget/1.0/login", form, []string{formType}, 403},
		{"its own session", "GET", "/rest/api/2/myself", "", []string{session}, 403},
		{"its own session, to write", "POST", "/rest/api/2/issue/DEMO-1/comment", `{"body":"x"}`, []string{session, jsonType}, 403},
		{"its own session, with Basic", "GET", "/rest/api/2/myself", "", []string{session, basic}, 400},
		{"session, from elsewhere", "GET", "/rest/api/2/myself", "", []string{session, "Origin: https://evil.example", "X-Requested-With: XMLHttpRequest"}, 403},
		{"session, no same-origin", "GET", "/rest/api/2/myself", "", []string{session, "Sec-Fetch-Site: cross-site", "X-Requested-With: XMLHttpRequest"}, 403},
	} {
		if status, cookies := s.send(tc.method, tc.path, tc.body, tc.header...); status != tc.want || len(cookies) != 0 {
			t.Errorf("%s: %d, want %d; %v", tc.name, status, tc.want, cookies)
		}
	}
	if received := jira.Received(); len(received) != 0 {
		t.Errorf("Jira received %+v", received)
	}
	// It is deterrence, as the documentation says: who means to look like a page does.
	if status, _ := s.send("GET", "/rest/api/2/myself", "", session, "X-Requested-With: XMLHttpRequest"); status != http.StatusOK {
		t.Errorf("a script that looks like a page: %d", status)
	}
}
