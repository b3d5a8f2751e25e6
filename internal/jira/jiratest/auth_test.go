// SPDX-License-Identifier: Apache-2.0

package jiratest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

const (
	myself     = "/jira/rest/api/2/myself"
	serverInfo = "/jira/rest/api/2/serverInfo"
)

func TestCredentials(t *testing.T) {
	srv := start(t)
	srv.SetTrustedHeader("X-User", "X-Secret", "s3cret")
	pat, revoked := srv.AddPAT("alice"), srv.AddPAT("alice")
	srv.RevokePAT(revoked)
	expired := srv.PutPAT(jiratest.PAT{User: "alice", Expires: time.Now().Add(-time.Second)})
	inactive := srv.AddPAT("gone")
	session := srv.AddSession("rita@corp.example")
	for name, tc := range map[string]struct {
		headers   []string
		query     string
		status    int // of serverInfo, which is open to all
		user, via string
		reason    string
	}{
		"none":                      {status: 200},
		"basic":                     {headers: []string{aliceAuth}, status: 200, user: "alice", via: "basic", reason: "OK"},
		"basic, lower case":         {headers: []string{"authorization: basic YWxpY2U6cHc="}, status: 200, user: "alice", via: "basic", reason: "OK"},
		"basic, name in capitals":   {headers: []string{"Authorization: Basic QUxJQ0U6cHc="}, status: 200, user: "alice", via: "basic", reason: "OK"},
		"basic, wrong":              {headers: []string{wrongAuth}, status: 401, reason: "AUTHENTICATED_FAILED"},
		"basic, inactive":           {headers: []string{goneAuth}, status: 401, reason: "AUTHENTICATED_FAILED"},
		"basic, no base64":          {headers: []string{"Authorization: Basic ???"}, status: 401, reason: "AUTHENTICATED_FAILED"},
		"pat":                       {headers: []string{"Authorization: Bearer " + pat}, status: 200, user: "alice", via: "pat"},
		"pat, unknown":              {headers: []string{"Authorization: Bearer jat_x"}, status: 401},
		"pat, revoked":              {headers: []string{"Authorization: Bearer " + revoked}, status: 401},
		"pat, expired":              {headers: []string{"Authorization: Bearer " + expired}, status: 401},
		"pat, inactive":             {headers: []string{"Authorization: Bearer " + inactive}, status: 401},
		"pat as basic password":     {headers: []string{"Authorization: Basic YWxpY2U6eA=="}, status: 401, reason: "AUTHENTICATED_FAILED"},
		"session":                   {headers: []string{"Cookie: JSESSIONID=" + session}, status: 200, user: "rita@corp.example", via: "session", reason: "OK"},
		"session, unknown":          {headers: []string{"Cookie: JSESSIONID=ABC"}, status: 200},
		"session beats basic":       {headers: []string{aliceAuth, "Cookie: JSESSIONID=" + session}, status: 200, user: "rita@corp.example", via: "session", reason: "OK"},
		"session beats wrong basic": {headers: []string{wrongAuth, "Cookie: JSESSIONID=" + session}, status: 200, user: "rita@corp.example", via: "session", reason: "OK"},
		"parameters":                {query: "?os_username=alice&os_password=pw", status: 200, user: "alice", via: "parameters", reason: "OK"},
		"parameters, wrong":         {query: "?os_username=alice&os_password=no", status: 200, reason: "AUTHENTICATED_FAILED"},
		"header":                    {headers: []string{"X-User: alice", "X-Secret: s3cret"}, status: 200, user: "alice", via: "header"},
		"header, no secret":         {headers: []string{"X-User: alice"}, status: 200},
		"header, wrong secret":      {headers: []string{"X-User: alice", "X-Secret: S3cret"}, status: 200},
		"header, unknown user":      {headers: []string{"X-User: eve", "X-Secret: s3cret"}, status: 200},
		"header, inactive user":     {headers: []string{"X-User: gone", "X-Secret: s3cret"}, status: 200},
		"header, underscore":        {headers: []string{"X_User: alice", "X-Secret: s3cret"}, status: 200},
		"header, twice":             {headers: []string{"X-User: alice", "X-User: root", "X-Secret: s3cret"}, status: 200, user: "alice", via: "header"},
	} {
		t.Run(name, func(t *testing.T) {
			a := send(t, srv, "GET", serverInfo+tc.query, "", tc.headers...)
			wantStatus(t, a, tc.status)
			wantUser(t, srv, tc.user, tc.via)
			wantHeader(t, a, "X-Seraph-LoginReason", tc.reason)
			want := strings.ReplaceAll(tc.user, "@", "%40")
			if want == "" {
				want = "anonymous"
			}
			wantHeader(t, a, "X-AUSERNAME", want)
			if a.Header.Get("X-AREQUESTID") == "" || a.Header.Get("X-ANODEID") == "" {
				t.Error("no request id or node id")
			}
			if tc.status == 401 && !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), `OAuth realm="https%3A%2F%2Fjira.example%2Fjira"`) {
				t.Errorf("WWW-Authenticate: %q", a.Header.Get("WWW-Authenticate"))
			}
			if srv.Last().Status != tc.status {
				t.Errorf("recorded status %d", srv.Last().Status)
			}
		})
		srv.UpdateUser("alice", func(*jiratest.User) {})
		send(t, srv, "GET", serverInfo, "", aliceAuth) // a success forgets the wrong passwords
	}
}

func TestTooManyWrongPasswordsBringUpTheCaptcha(t *testing.T) {
	srv := start(t)
	for range 3 {
		wantStatus(t, send(t, srv, "GET", myself, "", wrongAuth), http.StatusUnauthorized)
	}
	a := send(t, srv, "GET", myself, "", aliceAuth)
	wantStatus(t, a, http.StatusForbidden)
	wantHeader(t, a, "X-Seraph-LoginReason", "AUTHENTICATION_DENIED")
	wantHeader(t, a, "X-Authentication-Denied-Reason", "CAPTCHA_CHALLENGE; login-url="+baseURL+"/login.jsp")
}

func TestRenamedUserKeepsTokens(t *testing.T) {
	srv := start(t)
	pat := srv.AddPAT("alice")
	srv.UpdateUser("alice", func(u *jiratest.User) { u.Name = "alicia" })
	srv.AddUser(jiratest.User{Name: "alice"})
	send(t, srv, "GET", myself, "", "Authorization: Bearer "+pat)
	wantUser(t, srv, "alicia", "pat")
	srv.RemoveUser("alicia")
	wantStatus(t, send(t, srv, "GET", myself, "", "Authorization: Bearer "+pat), http.StatusUnauthorized)
}

func TestSessionEndpoint(t *testing.T) {
	srv := start(t)
	const path = "/jira/rest/auth/1/session"
	wantStatus(t, send(t, srv, "GET", path, ""), http.StatusUnauthorized)
	a := send(t, srv, "POST", path, `{"username":"alice","password":"no"}`, jsonType)
	wantStatus(t, a, http.StatusUnauthorized)
	wantHeader(t, a, "X-Seraph-LoginReason", "AUTHENTICATED_FAILED")
	a = send(t, srv, "POST", path, `{"username":"alice","password":"pw"}`, jsonType)
	wantStatus(t, a, http.StatusOK)
	value := a.json(t)["session"].(map[string]any)["value"].(string)
	cookies := map[string]*http.Cookie{}
	for _, c := range a.Cookies() {
		cookies[c.Name] = c
	}
	if c := cookies["JSESSIONID"]; c == nil || c.Value != value || c.Path != "/jira" || !c.HttpOnly {
		t.Errorf("session cookie %v", c)
	}
	if c := cookies["atlassian.xsrf.token"]; c == nil || !strings.HasSuffix(c.Value, "_lin") {
		t.Errorf("XSRF cookie %v", c)
	}
	with := "Cookie: JSESSIONID=" + value
	a = send(t, srv, "GET", path, "", with)
	wantStatus(t, a, http.StatusOK)
	if a.json(t)["name"] != "alice" || len(a.Cookies()) != 0 {
		t.Errorf("%s, cookies %v", a.body, a.Cookies())
	}
	wantStatus(t, send(t, srv, "DELETE", path, "", with), http.StatusNoContent)
	wantStatus(t, send(t, srv, "GET", path, "", with), http.StatusUnauthorized)
}

func TestOtherLogins(t *testing.T) {
	srv := start(t)
	form := "Content-Type: application/x-www-form-urlencoded"
	a := send(t, srv, "POST", "/jira/rest/gadget/1.0/login", "os_username=alice&os_password=pw", form)
	wantStatus(t, a, http.StatusOK)
	if a.json(t)["loginSucceeded"] != true || len(a.Cookies()) != 2 {
		t.Errorf("%s, cookies %v", a.body, a.Cookies())
	}
	a = send(t, srv, "POST", "/jira/login.jsp", "os_username=alice&os_password=pw", form)
	wantStatus(t, a, http.StatusFound)
	wantHeader(t, a, "Location", baseURL+"/secure/Dashboard.jspa")
	wantStatus(t, send(t, srv, "POST", "/jira/login.jsp", "os_username=alice&os_password=no", form), http.StatusOK)
	wantUser(t, srv, "", "")
}

func TestPersonalAccessTokenEndpoint(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	srv := startWith(t, jiratest.Config{Now: func() time.Time { return now }})
	const path = "/jira/rest/pat/latest/tokens"
	wantStatus(t, send(t, srv, "GET", path, ""), http.StatusUnauthorized)
	a := send(t, srv, "POST", path, `{"name":"ci","expirationDuration":90}`, jsonType, aliceAuth)
	wantStatus(t, a, http.StatusCreated)
	made := a.json(t)
	if made["expiringAt"] != "2026-04-01T00:00:00.000+0000" {
		t.Errorf("expires %v", made["expiringAt"])
	}
	bearer := "Authorization: Bearer " + made["rawToken"].(string)
	a = send(t, srv, "GET", path, "", bearer)
	wantStatus(t, a, http.StatusOK)
	if !strings.Contains(a.body, `"name":"ci"`) || strings.Contains(a.body, "rawToken") {
		t.Errorf("list %s", a.body)
	}
	id := "/" + strings.Split(strings.Split(a.body, `"id":`)[1], ",")[0]
	wantStatus(t, send(t, srv, "DELETE", path+id, "", ritaAuth), http.StatusNotFound)
	wantStatus(t, send(t, srv, "DELETE", path+id, "", aliceAuth), http.StatusNoContent)
	wantStatus(t, send(t, srv, "GET", path, "", bearer), http.StatusUnauthorized)
}
