// SPDX-License-Identifier: Apache-2.0

package jiratest_test

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func TestFaultsThatAnswer(t *testing.T) {
	for name, tc := range map[string]struct {
		fault  jiratest.Fault
		status int
		header map[string]string
		user   string
	}{
		"another user": {jiratest.Fault{As: "root"}, 200, map[string]string{"X-AUSERNAME": "root"}, "root"},
		"anonymous":    {jiratest.Fault{Anonymous: true}, 401, map[string]string{"X-AUSERNAME": "anonymous"}, ""},
		"no user name": {jiratest.Fault{OmitUserName: true}, 200, map[string]string{"X-AUSERNAME": ""}, "alice"},
		"401":          {jiratest.Fault{Status: 401}, 401, map[string]string{"X-AUSERNAME": "alice"}, "alice"},
		"429":          {jiratest.Fault{Status: 429}, 429, map[string]string{"Retry-After": "5", "X-RateLimit-Interval-Seconds": "5"}, "alice"},
		"503":          {jiratest.Fault{Status: 503}, 503, map[string]string{"Content-Type": "text/html;charset=UTF-8"}, "alice"},
		"login": {jiratest.Fault{LoginRedirect: true}, 302, map[string]string{
			"Location": baseURL + "/login.jsp?permissionViolation=true&os_destination=%2Frest%2Fapi%2F2%2Fmyself&page_caps=&user_role=",
		}, "alice"},
		"headers": {
			jiratest.Fault{Status: 302, Header: http.Header{"location": {baseURL + "/x"}, "Set-Cookie": {"a=b"}}},
			302,
			map[string]string{"Location": baseURL + "/x", "Set-Cookie": "a=b"},
			"alice",
		},
		"delay": {jiratest.Fault{Delay: time.Millisecond}, 200, nil, "alice"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := start(t)
			remove := srv.Fault(tc.fault)
			a := send(t, srv, "GET", myself, "", aliceAuth)
			wantStatus(t, a, tc.status)
			for name, value := range tc.header {
				wantHeader(t, a, name, value)
			}
			if got := srv.Last().User; got != tc.user {
				t.Errorf("user %q", got)
			}
			remove()
			a = send(t, srv, "GET", myself, "", aliceAuth)
			wantStatus(t, a, http.StatusOK)
			wantHeader(t, a, "X-AUSERNAME", "alice")
		})
	}
}

func TestFaultsHoldForSomeRequests(t *testing.T) {
	srv := start(t)
	srv.Fault(jiratest.Fault{Status: 503, Times: 2, Match: func(r *http.Request) bool { return r.Method == http.MethodGet }})
	var got []int
	for _, method := range []string{"GET", "HEAD", "GET", "GET"} {
		got = append(got, send(t, srv, method, myself, "", aliceAuth).StatusCode)
	}
	if got[0] != 503 || got[1] != 200 || got[2] != 503 || got[3] != 200 {
		t.Error(got)
	}
	srv.Fault(jiratest.Fault{Status: 503})
	srv.ClearFaults()
	wantStatus(t, send(t, srv, "GET", myself, "", aliceAuth), http.StatusOK)
}

func TestFaultsThatNeverAnswer(t *testing.T) {
	for name, fault := range map[string]jiratest.Fault{
		"hang": {Hang: true}, "stall": {Stall: true}, "drop": {Drop: true}, "delay": {Delay: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			srv := start(t)
			srv.Fault(fault)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL()+"/rest/api/2/serverInfo", http.NoBody)
			res, err := http.DefaultClient.Do(req)
			if err == nil {
				_, err = io.ReadAll(res.Body)
				_ = res.Body.Close()
			}
			if err == nil {
				t.Error("answered")
			}
		})
	}
}

func TestGzip(t *testing.T) {
	srv := start(t)
	for accept, want := range map[string]bool{
		"gzip": true, "br, GZIP;q=0.5": true, "gzip;q=0": false, "identity": false, "": false, "gzip;q=0.0, br": false,
	} {
		a := send(t, srv, "GET", serverInfo, "", "Accept-Encoding: "+accept)
		if got := a.Header.Get("Content-Encoding") == "gzip"; got != want {
			t.Errorf("%q: %v", accept, got)
			continue
		}
		plain := io.Reader(strings.NewReader(a.body))
		if want {
			plain, _ = gzip.NewReader(plain)
		}
		if raw, err := io.ReadAll(plain); err != nil || !strings.Contains(string(raw), baseURL) {
			t.Errorf("%q: %s %v", accept, raw, err)
		}
	}
}

func TestPages(t *testing.T) {
	srv := start(t)
	login := baseURL + "/login.jsp?permissionViolation=true&os_destination="
	for _, tc := range []struct {
		target, auth string
		status       int
		location     string
	}{
		{"/jira", "X-None: 1", 302, baseURL + "/secure/Dashboard.jspa"},
		{"/jira/", aliceAuth, 302, baseURL + "/secure/Dashboard.jspa"},
		{"/jira/secure/Dashboard.jspa", "X-None: 1", 302, login + "%2Fsecure%2FDashboard.jspa&page_caps=&user_role="},
		{"/jira/secure/Dashboard.jspa", aliceAuth, 200, ""},
		{"/jira/browse/DEMO-1?a=b", "X-None: 1", 302, login + "%2Fbrowse%2FDEMO-1%3Fa%3Db&page_caps=&user_role="},
		{"/jira/browse/PUB-1", "X-None: 1", 200, ""},
		{"/jira/browse/DEMO-1", ritaAuth, 200, ""},
		{"/jira/browse/DEMO-1", blindAuth, 404, ""},
		{"/jira/secure/admin/ViewApplicationProperties.jspa", "X-None: 1", 302, login + "%2Fsecure%2Fadmin%2FViewApplicationProperties.jspa&page_caps=&user_role="},
		{"/jira/login.jsp", "X-None: 1", 200, ""},
		{"/jira/WEB-INF/web.xml", aliceAuth, 404, ""},
	} {
		a := send(t, srv, "GET", tc.target, "", tc.auth)
		if a.StatusCode != tc.status || a.Header.Get("Location") != tc.location {
			t.Errorf("%s: %d %s", tc.target, a.StatusCode, a.Header.Get("Location"))
		}
	}
}

func TestReceived(t *testing.T) {
	srv := startWith(t, jiratest.Config{KeepReceived: 2})
	if last := srv.Last(); last.Method != "" || last.Header != nil {
		t.Errorf("%+v", last)
	}
	for _, target := range []string{"/jira/1", "/jira/2?q=%20", "/jira/rest/api/2/issue/DEMO-1/comment"} {
		send(t, srv, "POST", target, `{"body":"x"}`, aliceAuth, jsonType, "X-Twice: a", "X-Twice: b")
	}
	got := srv.Received()
	if len(got) != 2 || got[0].Target != "/jira/2?q=%20" {
		t.Fatalf("%+v", got)
	}
	last := srv.Last()
	if last.Host != "jira.example" || last.Status != 201 || last.BytesRead != 12 || last.ContentLength != 12 ||
		string(last.Body) != `{"body":"x"}` || len(last.Header["X-Twice"]) != 2 {
		t.Errorf("%+v", last)
	}
	srv.Reset()
	if len(srv.Received()) != 0 {
		t.Error("not forgotten")
	}
}

// TestManyAtOnce is for the race detector, and for identities that must not mix.
func TestManyAtOnce(t *testing.T) {
	srv := start(t)
	tokens := map[string]string{}
	for _, name := range []string{"alice", "root", "rita@corp.example"} {
		tokens[name] = srv.AddPAT(name)
	}
	var all sync.WaitGroup
	for name, token := range tokens {
		for range 4 {
			all.Go(func() {
				for range 20 {
					a := send(t, srv, "GET", myself, "", "Authorization: Bearer "+token)
					if a.json(t)["name"] != name {
						t.Errorf("%s got %s", name, a.body)
					}
					send(t, srv, "POST", "/jira/rest/api/2/issue/PUB-1/comment", `{"body":"x"}`, aliceAuth, jsonType)
					srv.Received()
				}
			})
		}
	}
	all.Wait()
}

func TestFaultsThatRewrite(t *testing.T) {
	srv := start(t)
	srv.Fault(jiratest.Fault{Rewrite: func(r *http.Request, body []byte) []byte {
		return []byte(strings.ReplaceAll(string(body), `"alice"`, `"mallory"`) + r.URL.RawQuery)
	}})
	a := send(t, srv, "GET", myself+"?a=b", "", aliceAuth)
	if !strings.Contains(a.body, `"mallory"`) || !strings.HasSuffix(a.body, "}a=b") || srv.Last().User != "alice" {
		t.Error(a.body)
	}
}
