// SPDX-License-Identifier: Apache-2.0

package jiratest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

const newIssue = `{"fields":{"project":{"key":"DEMO"},"summary":"New","issuetype":{"name":"Bug"}}}`

// TestPermissions is who may do what, with the status of each caller: anonymous, blind, rita, alice, root.
func TestPermissions(t *testing.T) {
	for _, tc := range []struct {
		method, target, body string
		want                 [5]int
	}{
		{"GET", serverInfo, "", [5]int{200, 200, 200, 200, 200}},
		{"GET", myself, "", [5]int{401, 200, 200, 200, 200}},
		{"GET", "/jira/rest/api/2/user?username=alice", "", [5]int{401, 200, 200, 200, 200}},
		{"GET", "/jira/rest/api/2/project/PUB", "", [5]int{200, 200, 200, 200, 200}},
		{"GET", "/jira/rest/api/2/project/DEMO", "", [5]int{404, 404, 200, 200, 200}},
		{"GET", "/jira/rest/api/2/issue/PUB-1", "", [5]int{200, 200, 200, 200, 200}},
		{"GET", "/jira/rest/api/2/issue/DEMO-1", "", [5]int{401, 403, 200, 200, 200}},
		{"GET", "/jira/rest/api/2/issue/DEMO-9", "", [5]int{404, 404, 404, 404, 404}},
		{"POST", "/jira/rest/api/2/issue", newIssue, [5]int{401, 400, 403, 201, 201}},
		{"POST", "/jira/rest/api/2/issue", `{"fields":{"project":{"key":"DEMO"}}}`, [5]int{401, 400, 403, 400, 400}},
		{"POST", "/jira/rest/api/2/issue", `{`, [5]int{400, 400, 400, 400, 400}},
		{"PUT", "/jira/rest/api/2/issue/PUB-1", `{"fields":{"summary":"S"}}`, [5]int{401, 403, 403, 204, 204}},
		{"PUT", "/jira/rest/api/2/issue/PUB-1", `{"fields":{"summary":""}}`, [5]int{401, 403, 403, 400, 400}},
		{"POST", "/jira/rest/api/2/issue/PUB-1/comment", `{"body":"hi"}`, [5]int{401, 403, 403, 201, 201}},
		{"POST", "/jira/rest/api/2/issue/PUB-1/comment", `{}`, [5]int{401, 403, 403, 400, 400}},
		{"GET", "/jira/rest/api/2/issue/DEMO-1/comment", "", [5]int{401, 403, 200, 200, 200}},
		{"POST", "/jira/rest/api/2/issue/PUB-1/worklog", `{"timeSpentSeconds":60}`, [5]int{401, 403, 403, 201, 201}},
		{"PUT", "/jira/rest/api/2/issue/PUB-1/properties/p", `1`, [5]int{401, 403, 403, 201, 200}},
		{"POST", "/jira/rest/api/2/user", `{"name":"x"}`, [5]int{401, 403, 403, 403, 201}},
		{"GET", "/jira/rest/plugins/1.0/", "", [5]int{401, 403, 403, 403, 200}},
		{"POST", "/jira/rest/api/2/reindex", `{}`, [5]int{401, 403, 403, 403, 200}},
		{"GET", "/jira/rest/webhooks/1.0/webhook", "", [5]int{401, 403, 403, 403, 200}},
		{"GET", "/jira/rest/api/2/group/member?groupname=developers", "", [5]int{401, 403, 403, 403, 200}},
		{"DELETE", "/jira/rest/api/2/issue/PUB-1", "", [5]int{401, 403, 403, 204, 404}},
		{"GET", "/jira/rest/api/2/nothing", "", [5]int{404, 404, 404, 404, 404}},
		{"DELETE", myself, "", [5]int{405, 405, 405, 405, 405}},
		{"OPTIONS", myself, "", [5]int{200, 200, 200, 200, 200}},
		{"HEAD", myself, "", [5]int{401, 200, 200, 200, 200}},
	} {
		srv := start(t)
		for i, auth := range []string{"X-None: 1", blindAuth, ritaAuth, aliceAuth, rootAuth} {
			a := send(t, srv, tc.method, tc.target, tc.body, auth, jsonType)
			if a.StatusCode != tc.want[i] {
				t.Errorf("%s %s %s, caller %d: %d, want %d: %s", tc.method, tc.target, tc.body, i, a.StatusCode, tc.want[i], a.body)
			}
			if a.StatusCode >= 400 && tc.method != "HEAD" && !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
				t.Errorf("%s %s: error as %s", tc.method, tc.target, a.Header.Get("Content-Type"))
			}
		}
	}
}

func TestErrorShapes(t *testing.T) {
	srv := start(t)
	for _, tc := range []struct{ target, auth, body string }{
		{"issue/DEMO-9", aliceAuth, `{"errorMessages":["Issue Does Not Exist"],"errors":{}}`},
		{"issue/DEMO-1", blindAuth, `{"errorMessages":["You do not have the permission to see the specified issue."],"errors":{}}`},
		{"issue/DEMO-1", "X-None: 1", `{"errorMessages":["You do not have the permission to see the specified issue.","Login Required"],"errors":{}}`},
		{"myself", "X-None: 1", `{"message":"Client must be authenticated to access this resource.","status-code":401}`},
		{"nothing", aliceAuth, `{"message":"HTTP 404 Not Found","status-code":404}`},
	} {
		if a := send(t, srv, "GET", "/jira/rest/api/2/"+tc.target, "", tc.auth); a.body != tc.body {
			t.Errorf("%s: %s", tc.target, a.body)
		}
	}
}

func TestIssueLifeSpeaksOfTheBaseURL(t *testing.T) {
	srv := start(t)
	a := send(t, srv, "POST", "/jira/rest/api/2/issue", newIssue, aliceAuth, jsonType)
	wantStatus(t, a, http.StatusCreated)
	made := a.json(t)
	if made["key"] != "DEMO-2" || made["self"] != baseURL+"/rest/api/2/issue/"+made["id"].(string) {
		t.Errorf("made %s", a.body)
	}
	wantHeader(t, a, "Location", made["self"].(string))
	a = send(t, srv, "POST", "/jira/rest/api/2/issue/DEMO-2/comment", `{"body":"first"}`, aliceAuth, jsonType)
	comment := "/jira" + strings.TrimPrefix(a.json(t)["self"].(string), baseURL)
	wantStatus(t, send(t, srv, "PUT", comment, `{"body":"second"}`, aliceAuth, jsonType), http.StatusOK)
	if a = send(t, srv, "GET", comment, "", ritaAuth); a.json(t)["body"] != "second" {
		t.Errorf("comment %s", a.body)
	}
	a = send(t, srv, "GET", "/jira/rest/api/2/issue/demo-2", "", ritaAuth)
	fields := a.json(t)["fields"].(map[string]any)
	if fields["reporter"].(map[string]any)["name"] != "alice" || fields["issuetype"].(map[string]any)["name"] != "Bug" {
		t.Errorf("issue %s", a.body)
	}
	wantStatus(t, send(t, srv, "DELETE", comment, "", aliceAuth), http.StatusNoContent)
	wantStatus(t, send(t, srv, "GET", comment, "", aliceAuth), http.StatusNotFound)
}

func TestWorklogs(t *testing.T) {
	srv := start(t)
	a := send(t, srv, "POST", "/jira/rest/api/2/issue/DEMO-1/worklog", `{"timeSpentSeconds":90}`, aliceAuth, jsonType)
	id := a.json(t)["id"].(string)
	for auth, want := range map[string]bool{ritaAuth: true, blindAuth: false} {
		a = send(t, srv, "POST", "/jira/rest/api/2/worklog/list", `{"ids":[`+id+`]}`, auth, jsonType)
		wantStatus(t, a, http.StatusOK)
		if strings.Contains(a.body, `"timeSpentSeconds":90`) != want {
			t.Errorf("%s: %s", auth, a.body)
		}
	}
	wantStatus(t, send(t, srv, "GET", "/jira/rest/api/2/issue/DEMO-1/worklog", "", ritaAuth), http.StatusOK)
}

func TestPropertyKeysAreData(t *testing.T) {
	srv := start(t)
	for encoded, key := range map[string]string{
		"plain": "plain", "a%20b+c": "a b+c", "100%25": "100%", "x%3By%23z%3F": "x;y#z?", "%C3%BC": "ü", "[a]|b": "[a]|b",
		"double%252e": "double%2e", "cut;params": "cut", "ends.json": "ends",
	} {
		target := "/jira/rest/api/2/issue/DEMO-1/properties/" + encoded
		a := send(t, srv, "PUT", target, `{"v":1}`, aliceAuth, jsonType)
		if a.StatusCode != http.StatusCreated {
			t.Errorf("%s: %d", encoded, a.StatusCode)
		}
		a = send(t, srv, "GET", target, "", ritaAuth)
		if a.StatusCode != http.StatusOK || a.json(t)["key"] != key {
			t.Errorf("%s: %s, want key %q", encoded, a.body, key)
		}
		if a = send(t, srv, "DELETE", target, "", aliceAuth); a.StatusCode != http.StatusNoContent {
			t.Errorf("%s: %d", encoded, a.StatusCode)
		}
	}
	if a := send(t, srv, "GET", "/jira/rest/api/2/issue/DEMO-1/properties", "", ritaAuth); a.body != `{"keys":[]}` {
		t.Error(a.body)
	}
}

func TestSearch(t *testing.T) {
	srv := start(t)
	for _, tc := range []struct {
		jql, auth string
		status    int
		keys      string
	}{
		{"", aliceAuth, 200, "DEMO-1 PUB-1"},
		{"", blindAuth, 200, "PUB-1"},
		{"", "X-None: 1", 200, "PUB-1"},
		{"project = DEMO", aliceAuth, 200, "DEMO-1"},
		{"project=demo ORDER BY created DESC", aliceAuth, 200, "DEMO-1"},
		{`project = "DEMO" AND text ~ "[plan]"`, aliceAuth, 200, "DEMO-1"},
		{"key = PUB-1 and summary ~ open", aliceAuth, 200, "PUB-1"},
		{"project = DEMO", blindAuth, 400, ""},
		{"key = DEMO-1", "X-None: 1", 400, ""},
		{"project = NONE", aliceAuth, 400, ""},
		{"project ~ DEMO", aliceAuth, 400, ""},
		{"color = red", aliceAuth, 400, ""},
		{"project = DEMO OR key = PUB-1", aliceAuth, 400, ""},
		{"project =", aliceAuth, 400, ""},
	} {
		escaped := strings.NewReplacer(" ", "+", "=", "%3D").Replace(tc.jql)
		quoted := strings.ReplaceAll(tc.jql, `"`, `\"`)
		for _, a := range []answer{
			send(t, srv, "GET", "/jira/rest/api/2/search?jql="+escaped, "", tc.auth),
			send(t, srv, "POST", "/jira/rest/api/2/search", `{"jql":"`+quoted+`"}`, tc.auth, jsonType),
		} {
			var keys []string
			if a.StatusCode == http.StatusOK {
				for _, i := range a.json(t)["issues"].([]any) {
					keys = append(keys, i.(map[string]any)["key"].(string))
				}
			}
			if got := strings.Join(keys, " "); a.StatusCode != tc.status || got != tc.keys {
				t.Errorf("%q as %s: %d %q, want %d %q: %s", tc.jql, tc.auth, a.StatusCode, got, tc.status, tc.keys, a.body)
			}
		}
	}
	for range 3 {
		srv.AddIssue(jiratest.Issue{Key: "PUB"})
	}
	a := send(t, srv, "GET", "/jira/rest/api/2/search?startAt=1&maxResults=2&jql=project%3DPUB", "")
	if out := a.json(t); out["total"] != 4.0 || len(out["issues"].([]any)) != 2 || out["startAt"] != 1.0 {
		t.Error(a.body)
	}
}
