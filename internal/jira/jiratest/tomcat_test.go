// SPDX-License-Identifier: Apache-2.0

package jiratest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

func TestTargetsAsTomcatTakesThem(t *testing.T) {
	srv := start(t)
	for _, tc := range []struct {
		target string
		status int
	}{
		{"/jira/rest/api/2/myself", 200},
		{"/jira/rest/api/latest/myself", 200},
		{"/jira/rest/api/2/myself/", 200},
		{"/jira/rest/api/2/myself.json", 200},
		{"/jira/rest/api/2/myself.xml", 200},
		{"/jira/rest;x=1/api/2/myself;jsessionid=1", 200},
		{"/jira/rest/api/2/myself;", 200},
		{"/jira/x/..;/rest/api/2/myself", 200},
		{"/jira/x/../rest/./api/2/myself", 200},
		{"/jira/x/%2e%2E/rest/api/2/myself", 200},
		{"//jira//rest///api/2/myself", 200},
		{"/%6aira/%72est/api/2/mysel%66", 200},
		{"/jira/s/abc/_/rest/api/2/myself", 200},
		{"http://elsewhere/jira/rest/api/2/myself", 200},
		{"/jira/rest/api/2/search?jql=text~\"[plan]\"{}|^`\\<>", 400}, // reaches Jira, whose JQL it is not
		{"/jira/rest/api/2/search?jql=text~\"[plan]\"", 200},
		{"/jira/rest/api/2/issue/DEMO-1/properties/[a|b]", 404},
		{"/jira/rest/api/2/Dashboard.jspa", 200}, // what REST does not take falls through to the web interface
		{"/jira/rest/no/such/thing/Dashboard!default.jspa", 200},
		{"/jira/secure/attachment/1/x/Dashboard.jspa;x=1", 200},
		{"/jira/rest/api/2/Dashboard.JSPA", 404},
		{"/jira/rest/api/2/Dashboard.jspa/x", 404},
		{"/jira/rest/api/2/NoSuchAction.jspa", 404},
		{"/jira/REST/api/2/myself", 404},
		{"/jira/rest/api/2/mySelf", 404},
		{"/JIRA/rest/api/2/myself", 404},
		{"/jiraffe/rest/api/2/myself", 404},
		{"/rest/api/2/myself", 404},
		{"/jira/rest/api/2%252fmyself", 404},
		{"/jira/rest/api/2%2fmyself", 400},
		{"/jira/rest/api/2%5Cmyself", 400},
		{"/jira/rest/api/2/myself%00", 400},
		{"/jira/rest/api/2/myself\\", 400},
		{"/jira/rest/api/2/{myself}", 400},
		{"/jira/rest/api/2/my^self", 400},
		{"/jira/rest/api/2/m\xc3\xbcself", 400},
		{"/jira/rest/api/2/myself#x", 400},
		{"/jira/rest/api/2/myself?x=\xc3\xbc", 400},
		{"/jira/../../rest/api/2/myself", 400},
		{"*", 400},
	} {
		a := send(t, srv, "GET", tc.target, "", aliceAuth)
		if a.StatusCode != tc.status {
			t.Errorf("%s: %d, want %d: %s", tc.target, a.StatusCode, tc.status, a.body)
		}
		if got := srv.Last().Target; got != tc.target {
			t.Errorf("recorded %q, want %q", got, tc.target)
		}
	}
}

func TestTomcatRefusesWithoutJirasHeaders(t *testing.T) {
	srv := start(t)
	a := send(t, srv, "GET", "/jira/rest%2fapi", "")
	wantStatus(t, a, http.StatusBadRequest)
	if a.Header.Get("X-Arequestid") != "" || a.Header.Get("X-Ausername") != "" || a.Header.Get("Set-Cookie") != "" {
		t.Errorf("headers of Jira's: %v", a.Header)
	}
	if !strings.Contains(a.body, "HTTP Status 400 – Bad Request") {
		t.Errorf("not Tomcat's page: %s", a.body)
	}
	wantStatus(t, send(t, srv, "TRACE", "/jira/", ""), http.StatusMethodNotAllowed)
}

func TestHeaderLimit(t *testing.T) {
	srv := start(t)
	const frame = "GET /jira/rest/api/2/serverInfo?x= HTTP/1.1\r\nHost: jira.example\r\nX-Fill: \r\n\r\n"
	room := 8192 - len(frame)
	for _, tc := range []struct{ query, header, status int }{
		{0, 0, 200}, {0, room, 200}, {0, room + 1, 400}, {room, 0, 200}, {room + 1, 0, 400}, {room / 2, room/2 + 2, 400},
	} {
		target := "/jira/rest/api/2/serverInfo?x=" + strings.Repeat("q", tc.query)
		a := send(t, srv, "GET", target, "", "X-Fill: "+strings.Repeat("h", tc.header))
		if a.StatusCode != tc.status {
			t.Errorf("%d + %d bytes: %d, want %d", tc.query, tc.header, a.StatusCode, tc.status)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, c := range []jiratest.Config{
		{ContextPath: "jira"},
		{ContextPath: "/jira/"},
		{ContextPath: "/"},
		{BaseURL: "jira.example"},
		{BaseURL: "ftp://jira.example"},
		{ContextPath: "/jira", BaseURL: "https://jira.example"},
		{BaseURL: "https://u@jira.example"},
		{BaseURL: "https://jira.example?x"},
	} {
		if c.Validate() == nil {
			t.Errorf("%+v: accepted", c)
		}
	}
	if err := (jiratest.Config{}).Validate(); err != nil {
		t.Error(err)
	}
}
