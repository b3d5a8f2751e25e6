// SPDX-License-Identifier: Apache-2.0

package jiratest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

func TestUserLookup(t *testing.T) {
	srv := start(t)
	srv.AddUser(jiratest.User{Name: "Zoë B", Key: "zoe-key", Groups: []string{"developers"}})
	for query, status := range map[string]int{
		"username=zo%C3%AB+b": 200, "key=zoe-key": 200, "username=gone": 200, "username=eve": 404, "key=eve": 404, "": 400,
	} {
		wantStatus(t, send(t, srv, "GET", "/jira/rest/api/2/user?"+query, "", blindAuth), status)
	}
	a := send(t, srv, "GET", "/jira/rest/api/2/user?key=zoe-key&expand=groups", "", blindAuth).json(t)
	groups := a["groups"].(map[string]any)
	if a["self"] != baseURL+"/rest/api/2/user?username=Zo%C3%AB+B" || groups["size"] != 1.0 || len(groups["items"].([]any)) != 1 {
		t.Errorf("%v", a)
	}
	if a := send(t, srv, "GET", "/jira/rest/api/2/user?username=gone", "", blindAuth).json(t); a["active"] != false {
		t.Errorf("%v", a)
	}
	if a := send(t, srv, "GET", serverInfo, "").json(t); a["baseUrl"] != baseURL {
		t.Errorf("%v", a)
	}
}

func TestGroupMembersInPages(t *testing.T) {
	srv := start(t)
	srv.AddGroup(jiratest.Group{Name: "Everyone", Subgroups: []string{"developers", "robots"}})
	srv.AddGroup(jiratest.Group{Name: "robots", Subgroups: []string{"everyone"}}) // a circle
	for i := range 60 {
		srv.AddUser(jiratest.User{Name: fmt.Sprintf("bot%02d", i), Groups: []string{"robots"}})
	}
	const path = "/jira/rest/api/2/group/member?groupname="
	for query, want := range map[string]struct {
		total, got int
		last       bool
	}{
		"everyone":                             {61, 50, false},
		"everyone&maxResults=1000":             {61, 50, false},
		"everyone&startAt=50":                  {61, 11, true},
		"everyone&startAt=99":                  {61, 0, true},
		"everyone&maxResults=7&startAt=7":      {61, 7, false},
		"developers":                           {1, 1, true},
		"developers&includeInactiveUsers=true": {2, 2, true},
	} {
		out := send(t, srv, "GET", path+query, "", rootAuth).json(t)
		if out["total"] != float64(want.total) || len(out["values"].([]any)) != want.got || out["isLast"] != want.last {
			t.Errorf("%s: %v", query, out)
		}
		next, more := out["nextPage"].(string)
		if more == want.last || (more && !strings.HasPrefix(next, baseURL)) {
			t.Errorf("%s: next page %q", query, next)
		}
	}
	seen := map[string]bool{}
	for next := baseURL + "/rest/api/2/group/member?groupname=everyone&maxResults=20"; next != ""; {
		u, _ := url.Parse(next)
		out := send(t, srv, "GET", u.RequestURI(), "", rootAuth).json(t)
		for _, v := range out["values"].([]any) {
			seen[v.(map[string]any)["name"].(string)] = true
		}
		next, _ = out["nextPage"].(string)
	}
	if len(seen) != 61 {
		t.Errorf("%d members in all pages", len(seen))
	}
	wantStatus(t, send(t, srv, "GET", path+"none", "", rootAuth), http.StatusNotFound)
	wantStatus(t, send(t, srv, "GET", path, "", rootAuth), http.StatusBadRequest)
}

func TestAdminsGetTheUploadToken(t *testing.T) {
	srv := start(t)
	if a := send(t, srv, "GET", "/jira/rest/plugins/1.0/", "", rootAuth); a.Header.Get("upm-token") == "" {
		t.Error("no upm-token")
	}
	if a := send(t, srv, "GET", "/jira/rest/plugins/1.0/", "", aliceAuth); a.Header.Get("upm-token") != "" {
		t.Error("upm-token for everybody")
	}
	wantStatus(t, send(t, srv, "POST", "/jira/rest/api/2/user", `{"name":"ALICE"}`, rootAuth, jsonType), http.StatusBadRequest)
	a := send(t, srv, "POST", "/jira/rest/api/2/user", `{"name":"new"}`, rootAuth, jsonType)
	wantHeader(t, a, "Location", baseURL+"/rest/api/2/user?username=new")
}

func TestPermissionsPerProject(t *testing.T) {
	srv := start(t)
	srv.AddUser(jiratest.User{Name: "guest", Password: "pw", Permissions: jiratest.Browse, Projects: []string{"PUB"}})
	guest := "Authorization: Basic Z3Vlc3Q6cHc="
	wantStatus(t, send(t, srv, "GET", "/jira/rest/api/2/issue/DEMO-1", "", guest), http.StatusForbidden)
	a := send(t, srv, "GET", "/jira/rest/api/2/project", "", guest)
	if strings.Contains(a.body, "DEMO") || !strings.Contains(a.body, "PUB") {
		t.Error(a.body)
	}
}

func TestRemovedGroup(t *testing.T) {
	srv := start(t)
	srv.AddGroup(jiratest.Group{Name: "everyone", Subgroups: []string{"developers"}})
	const path = "/jira/rest/api/2/group/member?groupname="
	srv.RemoveGroup("Developers")
	wantStatus(t, send(t, srv, "GET", path+"developers", "", rootAuth), http.StatusNotFound)
	if out := send(t, srv, "GET", path+"everyone", "", rootAuth).json(t); out["total"] != 0.0 {
		t.Errorf("%v", out)
	}
	srv.AddUser(jiratest.User{Name: "new", Groups: []string{"developers"}})
	if out := send(t, srv, "GET", path+"everyone", "", rootAuth).json(t); out["total"] != 1.0 {
		t.Errorf("former members are back: %v", out)
	}
}

func TestGroupMembership(t *testing.T) {
	srv := start(t)
	const group, alice = "/jira/rest/api/2/group/user?groupname=developers", "/jira/rest/api/2/group/user?groupname=Developers&username=Alice"
	members := func() string {
		return send(t, srv, "GET", "/jira/rest/api/2/group/member?groupname=developers", "", rootAuth).body
	}
	wantStatus(t, send(t, srv, "DELETE", alice, "", aliceAuth), 403)
	if !strings.Contains(members(), `"name":"alice"`) {
		t.Fatalf("alice is no member: %s", members())
	}
	wantStatus(t, send(t, srv, "DELETE", alice, "", rootAuth), 200)
	if strings.Contains(members(), `"name":"alice"`) {
		t.Errorf("alice is still a member: %s", members())
	}
	wantStatus(t, send(t, srv, "DELETE", alice, "", rootAuth), 400)
	wantStatus(t, send(t, srv, "POST", group, `{"name":"nobody"}`, rootAuth, jsonType), 404)
	wantStatus(t, send(t, srv, "POST", group, `{"name":"alice"}`, rootAuth, jsonType), 201)
	if !strings.Contains(members(), `"name":"alice"`) {
		t.Errorf("alice is not back: %s", members())
	}
	wantStatus(t, send(t, srv, "POST", group, `{"name":"alice"}`, rootAuth, jsonType), 400)
	wantStatus(t, send(t, srv, "POST", "/jira/rest/api/2/group/user?groupname=none", `{"name":"alice"}`, rootAuth, jsonType), 404)
}
