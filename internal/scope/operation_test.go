// SPDX-License-Identifier: Apache-2.0

package scope

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"
)

func classifyPath(method, target string) Operation {
	path, query, _ := strings.Cut(target, "?")
	var segments []string
	for segment := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		decoded, _ := url.PathUnescape(segment)
		if decoded != "" {
			segments = append(segments, decoded)
		}
	}
	return Classify(method, segments, query)
}

func TestClassify(t *testing.T) {
	never, outside := Operation{Access: Never}, Operation{Access: Outside}
	read, write, admin := Operation{Need: Read}, Operation{Need: Write}, Operation{Need: Admin}
	for _, tc := range []struct {
		want    Operation
		method  string
		targets []string
	}{
		{read, "GET", []string{
			"/rest/api/2/issue/DEMO-1", "/rest/api/2/search?jql=x", "/rest/auth/1/session", "/rest/auth/latest/session",
			"/rest/api/2/user?username=bob", "/rest/api/2/groupuserpicker?query=a", "/rest/api/2/groups/picker",
			"/rest/api/2/permissionscheme", "/rest/api/2/project/DEMO/role/10000", "/rest/agile/1.0/board",
			"/rest/api/2/field", "/rest/api/2/configuration", "/rest/api/2/password/policy", "/rest",
			"/rest/api/2/issue/DEMO-1?updateHistory=false", "/rest/api/2/user/search", "/rest/greenhopper/1.0/rapidview",
			"/rest/servicedeskapi/request/DEMO-1", "/rest/servicedeskapi/organization", "/rest/raven/1.0/api/test/DEMO-1/step",
			"/rest/zapi/latest/cycle", "/rest/tempo-timesheets/4/worklogs", "/rest/tempo-core/1/user/schedule",
			"/rest/dev-status/1.0/issue/detail", "/rest/insight/1.0/object/1", "/rest/assets/latest/objectschema/list",
			"/rest/insight/1.0/iql/objects", "/rest/api/2/issue/DEMO-1/properties/a.js.p", "/secure/attachment/1/a.js",
			"/rest/api/2/project/DEMO/priorityscheme",
			"/secure/attachment/1/a.txt", "/secure/thumbnail/1/_t.png", "/secure/useravatar", "/secure/projectavatar",
			"/si/jira.issueviews:issue-xml/DEMO-1/DEMO-1.xml", "/sr/jira.issueviews:searchrequest-xml/temp/S.xml",
		}},
		{read, "HEAD", []string{"/rest/api/2/issue/DEMO-1", "/rest/auth/1/session", "/secure/attachment/1/a.txt"}},
		{read, "OPTIONS", []string{"/rest/api/2/issue"}},
		{read, "POST", []string{
			"/rest/api/2/search", "/rest/api/latest/search", "/rest/api/2/worklog/list", "/rest/api/2/licenseValidator",
			"/rest/api/2/password/policy/createUser", "/rest/api/2/password/policy/updateUser",
			"/rest/insight/1.0/object/navlist/iql", "/rest/assets/latest/object/navlist/aql",
		}},
		{write, "POST", []string{
			"/rest/api/2/issue", "/rest/api/2/issue/DEMO-1/comment", "/rest/api/2/search.json", "/rest/api/2/Search",
			"/rest/api/2/search/x", "/rest/agile/1.0/sprint", "/rest/api/2/user/properties", "/rest/servicedeskapi/request",
			"/rest/raven/1.0/import/execution", "/rest/zapi/latest/execution", "/rest/tempo-timesheets/4/worklogs",
			"/rest/insight/1.0/object/create", "/rest/assets/1.0/comment/create", "/rest/api/2/project/DEMO/properties/x",
		}},
		{write, "PUT", []string{"/rest/api/2/issue/DEMO-1", "/rest/api/2/user/columns"}},
		{write, "DELETE", []string{"/rest/api/2/issue/DEMO-1", "/rest/api/2/search"}},
		{write, "GET", []string{
			"/rest/api/2/issue/DEMO-1?updateHistory=true", "/rest/api/2/issue/DEMO-1?x=1&update%48istory=true",
			"/rest/api/2/issue/DEMO-1?updateHistory=false&updateHistory=true", "/rest/api/2/issue/DEMO-1?updatehistory=TRUE",
			"/rest/api/2/issue/DEMO-1?updateHistory",
		}},
		{write, "HEAD", []string{"/rest/api/2/issue/DEMO-1?updateHistory=true"}},
		{admin, "GET", []string{
			"/rest/plugins/1.0/", "/rest/PLUGINS/1.0", "/rest/plugins.json", "/rest/scriptrunner/latest/user/exec",
			"/rest/webhooks/1.0/webhook", "/rest/jira-webhook/1.0/webhooks", "/rest/applinks/3.0/applicationlink",
			"/rest/applinks-oauth/1.0/x", "/rest/cb-automation/latest/project", "/rest/api/2/reindex", "/rest/api/2/reindex.json",
			"/rest/api/2/group", "/rest/api/2/group/member", "/rest/api/latest/index/summary", "/rest/api/2/application-properties",
			"/rest/api/2/user/anonymization", "/rest/basicauth/1.0/config", "/rest/troubleshooting/1.0/check",
			// Whatever is not known, and what only looks like something that is.
			"/rest/some-app/1.0/thing", "/rest/gadget/1.0/currentUser", "/rest/API/2/myself", "/rest/api.json", "/rest/api2/x",
			"/rest/tempo/1.0/x", "/rest/Tempo-core/1/x", "/rest/jmwe/1.0/x", "/rest/jira-email-processor-plugin/1.0/mail",
			"/rest/insight/1.0/automation/rule", "/rest/insight/1.0/import/start/1", "/rest/insight/1.0/config/statustype",
			"/rest/insight/1.0/objectschemaexport/export/server", "/rest/assets/1.0/objectschemaexport", "/rest/assets/1.0",
			"/rest/insight/1.0", "/rest/insight/1.0/Object/1", "/rest/greenhopper/1.0/rapidviewconfig/editmodel.json",
			"/rest/api/2/webhook", "/rest/greenhopper/1.0/lexorank/balance",
		}},
		{admin, "POST", []string{
			"/rest/api/2/user", "/rest/api/2/user.json", "/rest/api/3/User/", "/rest/api/2/reindex;x", "/rest/api/2/group/user",
			"/rest/api/2/permissionscheme", "/rest/api/2/project", "/rest/api/2/project/DEMO/role/10000", "/rest/plugins/1.0/",
			"/rest/servicedeskapi/customer", "/rest/servicedeskapi/organization/1/user", "/rest/insight/1.0/objectschema/create",
			"/rest/servicedeskapi/servicedesk/1/customer", "/rest/servicedeskapi/servicedesk/1/organization", "/rest",
			"/rest/scriptrunner/latest/user/exec", "/rest/some-app/1.0/search",
		}},
		{admin, "PUT", []string{
			"/rest/api/2/user", "/rest/api/2/project/DEMO", "/rest/api/2/project/DEMO/priorityscheme", "/rest/api/2/project/DEMO/type/x",
			"/rest/api/2/project/DEMO/PriorityScheme/", "/rest/api/2/project/DEMO/workflowscheme", "/rest/greenhopper/1.0/rapidviewconfig",
		}},
		{admin, "OPTIONS", []string{"/rest/some-app/1.0/thing"}},
		{admin, "DELETE", []string{"/rest/api/2/user", "/rest/api/2/project/DEMO", "/rest/api/2/user/session/bob"}},
		{never, "GET", []string{
			"/rest/pat/latest/tokens", "/rest/Pat/1.0/tokens/1", "/rest/pat.json", "/rest/oauth/x", "/rest/oauth2/latest/token",
			"/rest/auth/1/session/x", "/rest/auth/1/websudo", "/rest/gadget/1.0/login", "/rest/tsv/1.0/authenticate",
			"/rest/auth/1/session.json", "/rest/usermanagement/1/session", "/rest/authconfig/1.0/idps",
			"/rest/nativemobile/1.0/batch", "/rest/NativeMobile/1.0/x", "/rest/nativemobile.json", "/rest/extender/1.0/tokens",
			"/rest/apitoken/1.0/x", "/rest/apitokens/1.0/x", "/rest/kantega-sso/1.0/apitokens", "/rest/miniorange/1.0/token",
			"/rest/calendar-services/1.0/calendar/1", "/rest/ical/1.0/ical/config/feed", "/rest/icalendar/x",
		}},
		{never, "OPTIONS", []string{"/rest/auth/1/session"}},
		{never, "POST", []string{
			"/rest/auth/1/session", "/rest/auth/2/session", "/rest/auth/1/session/", "/rest/AUTH/1/session",
			"/rest/gadget/1.0/login.json", "/rest/gadget/1.0/login;a=b", "/rest/de.resolution.apitokenauth/latest/user/token",
		}},
		// A dispatcher runs requests that its body names, past this very catalogue. None may be eased.
		{never, "POST", []string{
			"/rest/nativemobile/1.0/batch", "/rest/nativemobile/latest/batch.json", "/rest/nativemobile", "/rest/NATIVEMOBILE/1.0/batch/",
		}},
		{never, "DELETE", []string{"/rest/auth/1/session", "/rest/auth/1/websudo"}},
		{never, "PUT", []string{
			"/rest/api/2/user/password", "/rest/api/2/user/password.xml", "/rest/api/2/USER/Password/", "/rest/api/9/myself/password",
			"/rest/api/2/myself", "/rest/api/latest/myself/", "/rest/api/2/Myself.json",
		}},
		{outside, "GET", []string{
			"/", "/secure/Dashboard.jspa", "/secure/attachmentzip/1.zip", "/secure", "/login.jsp", "/sr/other", "/browse/A-1",
			"/secure/useravatar/x", "/plugins/servlet/x", "/Rest/api/2/issue", "/si",
			// Web actions, which fall through to the web interface from anywhere.
			"/rest/api/2/DeleteIssue.jspa", "/rest/api/2/issue/x/AddUser!default.jspa", "/rest/x.JSPA/y", "/rest/api/2/x.jsp;a",
			"/rest/api/2/x.Jspx", "/rest/api/2/x.jspa.json", "/rest/api/2/x.jspa%20", "/rest/x/..jsp", "/rest/auth/1/x.jspa",
			"/secure/attachment/1/DeleteUser.jspa", "/secure/attachment/1/a.jsp/b.txt", "/secure/thumbnail/x.jsp",
			"/sr/jira.issueviews:x/temp/a.jspa", "/si/x/A-1/A-1.jspa",
		}},
		{outside, "POST", []string{"/secure/attachment/1/a.txt", "/login.jsp", "/rest/api/2/search.jspa", "/rest/nativemobile/x.jspa"}},
		{outside, "DELETE", []string{"/rest/api/2/issue/DeleteIssue.jspa"}},
		{outside, "OPTIONS", []string{"/rest/api/2/issue/DeleteIssue.jspa"}},
	} {
		for _, target := range tc.targets {
			got := classifyPath(tc.method, target)
			if got.Access != tc.want.Access || got.Need != tc.want.Need && got.Need.Coarse() != tc.want.Need {
				t.Errorf("%s %s: access %d, need %q (%s)", tc.method, target, got.Access, got.Need, got.Name)
			}
			if got.Name == "" {
				t.Errorf("%s %s has no name", tc.method, target)
			}
		}
	}
}

// An unknown module says that it is unknown, not that it administers something.
func TestUnknownModuleSaysSo(t *testing.T) {
	if got := classifyPath("GET", "/rest/some-app/1.0/x"); !strings.Contains(got.Name, "not known to be safe for read and write") {
		t.Errorf("%+v", got)
	}
}

func TestClassifyAllocatesNothing(t *testing.T) {
	segments := []string{"rest", "api", "2", "issue", "DEMO-1", "properties", "A.Key"}
	if n := testing.AllocsPerRun(100, func() { Classify("POST", segments, "expand=renderedBody") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Whatever spelling a restricted path has, it stays restricted.
func FuzzSpellingNeverEases(f *testing.F) {
	f.Add("POST", "rest/auth/1/session", uint8(1))
	f.Add("PUT", "rest/api/2/user/password", uint8(2))
	f.Add("GET", "rest/plugins/1.0", uint8(7))
	f.Add("GET", "rest/auth.", uint8(6))
	f.Add("GET", "rest/some-app/1.0/x", uint8(7))
	f.Add("POST", "rest/nativemobile/1.0/batch", uint8(7))
	f.Add("GET", "secure/attachment/1/x.jspa", uint8(6))
	f.Fuzz(func(t *testing.T, method, path string, spelling uint8) {
		segments := strings.Split(path, "/")
		before := Classify(method, segments, "")
		if before.Access == Scoped && !Admin.Contains(before.Need) || strings.ContainsFunc(path, func(r rune) bool {
			return r > unicode.MaxASCII || r == ';'
		}) {
			return
		}
		other := slices.Clone(segments)
		if spelling&1 != 0 && segments[0] != "rest" { // the first segment is compared exactly: others are outside
			return
		}
		if spelling&1 != 0 {
			for i := 1; i < len(other); i++ {
				other[i] = strings.ToUpper(other[i])
			}
		}
		if spelling&2 != 0 {
			other[len(other)-1] += ".json"
		}
		if spelling&4 != 0 {
			other[len(other)-1] += ";x=y"
		}
		after := Classify(method, other, "")
		if after.Access == Scoped && !Admin.Contains(after.Need) && !slices.Equal(segments, other) {
			t.Errorf("%s %q is %v, but %q is %v", method, segments, before, other, after)
		}
	})
}

// The tries against the lists that were there before, in one run; the last line is by how much the tries are faster.
func BenchmarkClassify(b *testing.B) {
	paths := map[string][]string{
		"comment": {"rest", "api", "2", "issue", "DEMO-1", "comment"},
		"search":  {"rest", "api", "2", "search"},
		"assets":  {"rest", "assets", "1.0", "object", "17"},
		"app":     {"rest", "some-app", "1.0", "thing"},
	}
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		segments, perOperation := paths[name], map[string]float64{}
		for _, one := range []struct {
			name     string
			classify func(string, []string, string) Operation
		}{{"lists", formerly}, {"tries", Classify}} {
			b.Run(name+"/"+one.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					one.classify("POST", segments, "expand=renderedBody")
				}
				perOperation[one.name] = float64(b.Elapsed()) / float64(b.N)
				if perOperation["lists"] > 0 && perOperation["tries"] > 0 {
					b.ReportMetric(perOperation["lists"]/perOperation["tries"], "times-faster")
				}
			})
		}
	}
}
