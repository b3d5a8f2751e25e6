// SPDX-License-Identifier: Apache-2.0

package jiratest_test

import (
	"net/http"
	"testing"
)

func TestCrossSiteChecks(t *testing.T) {
	const (
		firefox = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
		curl    = "User-Agent: curl/8.9"
		own     = "Origin: https://jira.example"
		foreign = "Origin: https://evil.example"
		form    = "Content-Type: application/x-www-form-urlencoded"
		multi   = "Content-Type: multipart/form-data; boundary=x"
		text    = "Content-Type: text/plain"
		noCheck = "X-Atlassian-Token: no-check"
	)
	const comments = "/jira/rest/api/2/issue/DEMO-1/comment"
	srv := start(t)
	for name, tc := range map[string]struct {
		method, path string
		headers      []string
		refused      bool
	}{
		"json from a script":           {"POST", comments, []string{curl, jsonType}, false},
		"json, foreign, script":        {"POST", comments, []string{curl, foreign, jsonType}, false},
		"json, foreign, browser":       {"POST", comments, []string{firefox, foreign, jsonType}, true},
		"json, foreign, with no-check": {"POST", comments, []string{firefox, foreign, jsonType, noCheck}, true},
		"json, no origin, browser":     {"POST", comments, []string{firefox, jsonType}, true},
		"json, own, browser":           {"POST", comments, []string{firefox, own, jsonType}, false},
		"json, own referer":            {"POST", comments, []string{firefox, "Referer: https://jira.example/jira/browse/X", jsonType}, false},
		"own host, other scheme":       {"POST", comments, []string{firefox, "Origin: http://jira.example", jsonType}, true},
		"put is only logged":           {"PUT", "/jira/rest/api/2/issue/DEMO-1", []string{firefox, foreign, jsonType}, false},
		"get":                          {"GET", comments, []string{firefox, foreign}, false},
		"multipart":                    {"POST", comments, []string{curl, multi}, true},
		"multipart, no-check":          {"POST", comments, []string{curl, multi, noCheck}, false},
		"form":                         {"POST", comments, []string{curl, form}, true},
		"text":                         {"POST", comments, []string{curl, text}, true},
		"no content type":              {"POST", comments, []string{curl}, true},
		"token of the cookie":          {"POST", comments + "?atl_token=abc", []string{curl, multi, "Cookie: atlassian.xsrf.token=abc"}, false},
		"wrong token":                  {"POST", comments + "?atl_token=abc", []string{curl, multi, "Cookie: atlassian.xsrf.token=abd"}, true},
	} {
		a := send(t, srv, tc.method, tc.path, `{"body":"x"}`, append(tc.headers, aliceAuth)...)
		refused := a.StatusCode == http.StatusForbidden && a.body == "XSRF check failed"
		if refused != tc.refused {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
}
