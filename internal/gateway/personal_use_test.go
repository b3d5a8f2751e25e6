// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/personaluse"
)

// TestUseIsCounted: by class, outcome, whom Jira answered, client and path; served to the pod itself only.
func TestUseIsCounted(t *testing.T) {
	b := newBench(t)
	b.setPersonal(true, "basic: Deny audit", "anonymous: Allow")
	const python, search = "User-Agent: python-requests/2.31", "/jira/rest/api/2/issue/DEMO-1/comment?x=secret"
	for _, password := range []string{"pw-alice", "pw-alice", "wrong"} {
		b.send("GET", search, python, "Authorization: "+basic("alice", password))
	}
	b.send("GET", search, python, "Authorization: "+basic("S3cretTypedAsName", "wrong"))
	b.send("GET", page)
	b.auditLines(5)     // the account comes after the answer
	b.setPersonal(true) // now it is enforced
	b.send("GET", search, python, "Authorization: "+basic("alice", "pw-alice"))
	b.auditLines(1)
	report, text := b.report(t, "127.0.0.1:1234")
	got := map[string]uint64{}
	for _, e := range report.Entries {
		got[strings.Join([]string{e.Class, e.Outcome, e.User, e.Client, e.Path}, " ")] = e.Count
		if !e.LastSeen.Equal(b.clock.Now()) {
			t.Errorf("%+v", e)
		}
	}
	const path = "python-requests /rest/api/2/issue/*/comment"
	want := map[string]uint64{
		// The third has a wrong password and a name that Jira has answered with; the fourth has neither.
		"basic audit alice " + path: 3, "basic audit  " + path: 1, "anonymous allowed  none /browse/*": 1,
		"basic refused alice " + path: 1,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	for _, secret := range []string{"S3cret", "pw-", "DEMO", "secret"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q in %s", secret, text)
		}
	}
	for _, peer := range []string{"10.0.0.7:1234", "127.0.0.6:1234", "[fd00::1]:1", "", "@"} {
		if _, text := b.report(t, peer); strings.Contains(text, "alice") || !strings.Contains(text, "port-forward") {
			t.Errorf("%s: %s", peer, text)
		}
	}
}

func (b *bench) report(t *testing.T, peer string) (report personaluse.Report, text string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, personaluse.Path, http.NoBody)
	request.RemoteAddr = peer
	NewAdminHandler(b.handler, b.registry).ServeHTTP(recorder, request)
	text = recorder.Body.String()
	if recorder.Code == http.StatusOK {
		if err := json.Unmarshal([]byte(text), &report); err != nil {
			t.Fatal(err)
		}
	}
	return report, text
}

// TestFamilies: nothing that is data is in them.
func TestFamilies(t *testing.T) {
	for path, want := range map[string]string{
		"rest/api/2/search":                             "/rest/api/2/search",
		"rest/api/latest/issue/10001/worklog":           "/rest/api/latest/issue/*/worklog",
		"rest/api/2/issue/DEMO-1/properties/x/y/z":      "/rest/api/2/issue/*/properties",
		"rest/servicedeskapi/request/HELP-1/approval":   "/rest/servicedeskapi/request/*/approval",
		"rest/cb-automation/latest/hooks/0123456789abc": "/rest/cb-automation/latest/*/*",
		"rest/ical/1.0/deadbeef":                        "/rest/ical/1.0/*",
		"rest/a1b2c3/10001/x":                           "/rest/*/*/*",
		"browse/DEMO-1":                                 "/browse/*",
		"secure/Dashboard.jspa":                         "/secure/Dashboard.jspa",
		"secure/attachment/10001/salary.pdf":            "/secure/attachment/*",
		"servicedesk/customer/portal/3/create":          "/servicedesk/customer/portal",
		"login.jsp":                                     "/login.jsp",
		"":                                              "/",
	} {
		var segments []string
		if path != "" {
			segments = strings.Split(path, "/")
		}
		if got := pathFamily(segments); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	for agent, want := range map[string]string{
		"python-requests/2.31": "python-requests", "curl": "curl", "Mozilla/5.0 (X11)": "browser", "": "none",
		"Java 11": "Java", "jat_abc/1": "other", "a1b2/1": "other", strings.Repeat("x", 33): "other", "\x1b[2J/1": "other",
	} {
		if got := clientFamily(agent); got != want {
			t.Errorf("%s: %s", fmt.Sprintf("%q", agent), got)
		}
	}
}
