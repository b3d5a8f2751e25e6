// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/impersonate"
)

// recommended is the policy that docs/personal-credentials.md ends with.
var recommended = []string{"oauth: Allow", "session: BrowserOnly", "login: Allow", "anonymous: Allow"}

// cookiesOf are the cookies that an answer sets, as the next request sends them.
func cookiesOf(a answer) string {
	var pairs []string
	for _, line := range a.Header["Set-Cookie"] {
		pair, _, _ := strings.Cut(line, ";")
		pairs = append(pairs, pair)
	}
	return "Cookie: " + strings.Join(pairs, "; ")
}

// TestABrowserLogsInAndAScriptDoesNot: under the recommended policy, with the same password.
func TestABrowserLogsInAndAScriptDoesNot(t *testing.T) {
	b := newBench(t)
	b.setPersonal(true, recommended...)
	form, password := "os_username=alice&os_password=pw-alice&os_destination=%2Fbrowse", `{"username":"alice","password":"pw-alice"}`
	fresh := b.send("GET", "/jira/secure/Dashboard.jspa")
	if fresh.StatusCode != http.StatusFound || !strings.HasPrefix(fresh.Header.Get("Location"), jiraBase+"/login.jsp?") {
		t.Fatalf("%d %v", fresh.StatusCode, fresh.Header)
	}
	_, target, _ := strings.Cut(fresh.Header.Get("Location"), "https://jira.example")
	if login := b.send("GET", target, cookiesOf(fresh)); login.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", login.StatusCode, login.body)
	}
	for name, try := range map[string]attempt{
		"page":   {"POST", "/jira/login.jsp", form, []string{formLine, cookiesOf(fresh)}},
		"gadget": {"POST", "/jira/rest/gadget/1.0/login", form, append([]string{formLine, cookiesOf(fresh)}, asPage...)},
		"REST":   {"POST", "/jira/rest/auth/1/session", password, append([]string{jsonType}, asPage...)},
	} {
		in := b.try(try)
		session := cookiesOf(in)
		if !strings.Contains(session, "JSESSIONID") {
			t.Fatalf("%s: %d %s %v", name, in.StatusCode, in.body, in.Header)
		}
		a := b.send("GET", "/jira/secure/Dashboard.jspa", session)
		if a.StatusCode != http.StatusOK || b.jira.Last().User != "alice" || b.jira.Last().Via != "session" {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
		if a := b.send("GET", myself, session, "X-Requested-With: XMLHttpRequest"); a.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
		if a := b.send("GET", myself, session); a.StatusCode != http.StatusForbidden || !strings.Contains(a.message(t), "in scripts, send an API token") {
			t.Errorf("%s, script: %d %s", name, a.StatusCode, a.body)
		}
		b.auditLines(4) // or a late one would be taken for that of what comes next
	}
	never(t, b, map[string]attempt{
		"Basic": {"GET", myself, "", []string{"Authorization: " + basic("alice", "pw-alice")}}, "query": {"GET", myself + "?" + form, "", nil},
		"session": {"POST", "/jira/rest/auth/1/session", password, []string{jsonType}},
		"gadget":  {"POST", "/jira/rest/gadget/1.0/login", form, []string{formLine}},
		"tsv":     {"POST", "/jira/rest/tsv/1.0/authenticate", password, []string{jsonType}},
		"form":    {"POST", page, form, []string{formLine}},
	}, 401, 403)
}

// TestAPasswordLeavesNoSession: a client with a cookie jar would send both next time.
func TestAPasswordLeavesNoSession(t *testing.T) {
	b := newBench(t)
	b.setPersonal(false, "basic: Deny audit", "parameters: Allow")
	line := "Authorization: " + basic("alice", "pw-alice")
	for range 2 {
		a := b.send("GET", myself, line)
		cookies := cookiesOf(a)
		if a.StatusCode != http.StatusOK || strings.Contains(cookies, "JSESSIONID") || !strings.Contains(cookies, "atlassian.xsrf.token=") {
			t.Errorf("%d %s", a.StatusCode, cookies)
		}
		line += "\r\n" + cookies
	}
	if a := b.send("GET", myself+"?os_username=alice&os_password=pw-alice"); !strings.Contains(cookiesOf(a), "JSESSIONID") {
		t.Errorf("this one is a log-in: %v", a.Header)
	}
	a := b.send("GET", myself, "Authorization: "+basic("alice", "wrong"))
	if a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.body, "Basic Authentication Failure") ||
		!strings.Contains(a.Header.Get("Www-Authenticate"), "OAuth") {
		t.Errorf("Jira's own answer is handed on: %d %v", a.StatusCode, a.Header)
	}
}

func TestAnApplicationLinkPassesUntouched(t *testing.T) {
	b := newBench(t, byOAuth)
	b.setPersonal(true, "oauth: Allow")
	link, err := impersonate.NewOAuth(impersonate.Consumer{Key: "jiratokens", PrivateKey: testKey()}, jiraBase, clock.RealClock{})
	if err != nil {
		t.Fatal(err)
	}
	out := &impersonate.Outgoing{Method: "GET", Path: myself, RawQuery: "expand=groups", Header: http.Header{}}
	if err := link.Apply(out, "bob"); err != nil {
		t.Fatal(err)
	}
	lines := []string{}
	for name, values := range out.Header {
		lines = append(lines, name+": "+values[0])
	}
	a := b.send("GET", myself+"?"+out.RawQuery, lines...)
	if a.StatusCode != http.StatusOK || b.jira.Last().User != "bob" || b.jira.Last().Via != "oauth" {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	// Its user is asked with a session, and with the name of the application's request beside it.
	session := "Cookie: JSESSIONID=" + b.jira.AddSession("alice")
	for _, target := range []string{"/jira/plugins/servlet/oauth/authorize?oauth_token=x&oauth_callback=y", "/jira/login.jsp?os_destination=x"} {
		b.setPersonal(true, "login: Allow")
		b.send("GET", target, session)
		if len(b.jira.Received()) != 1 {
			t.Errorf("%s did not pass", target)
		}
	}
}

// TestDefaults are those of docs/personal-credentials.md, under the strictest policy and the recommended one.
func TestDefaults(t *testing.T) {
	b := newBench(t)
	session := "Cookie: JSESSIONID=" + b.jira.AddSession("alice")
	password, tok := "Authorization: "+basic("alice", "pw-alice"), "Authorization: "+basic("alice", b.issue("alice", []string{"read", "admin"}))
	for name, tc := range map[string]struct {
		try                    attempt
		side, strictest, usual bool
	}{
		"incoming hook":              {attempt{"POST", "/jira/rest/cb-automation/latest/hooks/s3cret", "{}", []string{jsonType}}, false, true, true},
		"hook, as a form":            {attempt{"POST", "/jira/rest/cb-automation/latest/hooks/s3cret", "a=b", []string{formLine}}, false, true, true},
		"hook, with a session":       {attempt{"POST", "/jira/rest/cb-automation/latest/hooks/s3cret", "{}", []string{jsonType, session}}, false, false, false},
		"hook, to read":              {attempt{"GET", "/jira/rest/cb-automation/latest/hooks/s3cret", "", nil}, false, false, true},
		"hook, as an action":         {attempt{"POST", "/jira/rest/cb-automation/latest/hooks/Dashboard.jspa", "", nil}, false, false, true},
		"hook, with a password":      {attempt{"POST", "/jira/rest/cb-automation/latest/hooks/s3cret", "os_username=a&os_password=b", []string{formLine}}, false, false, false},
		"hook, other version":        {attempt{"POST", "/jira/rest/cb-automation/1.0/hooks/s3cret", "{}", []string{jsonType}}, false, true, true},
		"hook, with more behind it":  {attempt{"POST", "/jira/rest/cb-automation/latest/hooks/s3cret/x", "{}", []string{jsonType}}, false, false, true},
		"portal's API, by a page":    {attempt{"GET", "/jira/rest/servicedeskapi/request", "", append([]string{session}, asPage...)}, false, false, true},
		"portal's API, by a script":  {attempt{"GET", "/jira/rest/servicedeskapi/request", "", []string{session}}, false, false, false},
		"portal's API, with a token": {attempt{"GET", "/jira/rest/servicedeskapi/request", "", []string{tok}}, true, true, true},
		"portal's sign-up":           {attempt{"POST", "/jira/servicedesk/customer/user/signup", `{"email":"a@b.example"}`, []string{jsonType}}, false, false, true},
		"portal, with a token":       {attempt{"GET", "/jira/servicedesk/customer/portals", "", []string{tok}}, false, false, false},
		"mobile's push":              {attempt{"POST", "/jira/rest/pushnotifications/1.0/x", "{}", []string{jsonType, session}}, false, false, false},
		"mobile, with a password":    {attempt{"GET", "/jira/rest/nativemobile/1.0/x", "", []string{password}}, false, false, false},
		"calendar, of an app":        {attempt{"GET", "/jira/rest/calendar/1.0/x", "", []string{password}}, false, false, false},
		"hooks' neighbour":           {attempt{"POST", "/jira/rest/cb-automation/latest/rules/1", "", nil}, false, false, true},
		"calendar, with a password":  {attempt{"GET", "/jira/rest/ical/1.0/ical/x?os_authType=basic", "", []string{password}}, false, false, false},
		"calendar, with a token":     {attempt{"GET", "/jira/rest/ical/1.0/ical/x", "", []string{tok}}, false, false, false},
		"calendar, secret address":   {attempt{"GET", "/jira/rest/ical/1.0/ical/x?os_authType=any", "", nil}, false, false, true},
		"portal, with a session":     {attempt{"GET", "/jira/servicedesk/customer/portals", "", []string{session}}, false, true, true},
		"portal, of anybody":         {attempt{"GET", "/jira/servicedesk/customer/portals", "", nil}, false, false, true},
		"portal's own calls":         {attempt{"GET", "/jira/rest/servicedesk/1/customer/models", "", append([]string{session}, asPage...)}, false, false, true},
		"portal's log-in":            {attempt{"POST", "/jira/servicedesk/customer/user/login", "os_username=a&os_password=b", []string{formLine}}, false, false, true},
		"mobile's log-in":            {attempt{"GET", "/jira/login.jsp", "", nil}, false, false, true},
		"mobile, with a session":     {attempt{"GET", "/jira/rest/nativemobile/1.0/x", "", []string{session}}, false, false, false},
		"static file of the log-in":  {attempt{"GET", "/jira/s/abc/_/download/x.css", "", nil}, false, false, true},
		"static file with a session": {attempt{"GET", "/jira/s/abc/_/download/x.css", "", []string{session}}, false, true, true},
	} {
		for i, want := range []bool{tc.side, tc.strictest, tc.usual} {
			b.setPersonal(i > 0, [][]string{{}, {}, recommended}[i]...)
			a := b.try(tc.try)
			if passed := len(b.jira.Received()) == 1; passed != want {
				t.Errorf("%s, policy %d: %d %s", name, i, a.StatusCode, a.body)
			}
			b.auditLines(1)
			if strings.Contains(b.audit.String(), "s3cret") {
				t.Errorf("%s: the hook's secret is in the audit log", name)
			}
		}
	}
}

func TestExemptions(t *testing.T) {
	b := newBench(t)
	soon := b.clock.Now().Add(time.Minute)
	alice, bob := "Authorization: "+basic("ALICE", "pw-alice"), "Authorization: "+basic("bob", "pw-bob")
	session := "Cookie: JSESSIONID=" + b.jira.AddSession("alice")
	for name, tc := range map[string]struct {
		exempt gatewayconfig.Exemption
		target string
		lines  []string
		passes bool
	}{
		"path":                     {gatewayconfig.Exemption{Paths: []string{"/x", "/rest/api/*/myself"}}, myself, []string{bob}, true},
		"path, below":              {gatewayconfig.Exemption{Paths: []string{"/rest/api/**"}}, myself, []string{bob}, true},
		"path, nothing below":      {gatewayconfig.Exemption{Paths: []string{"/rest/api/2/myself/**"}}, myself, []string{bob}, true},
		"other path":               {gatewayconfig.Exemption{Paths: []string{"/rest/api/*", "/rest/api/2/myself/*"}}, myself, []string{bob}, false},
		"path, case":               {gatewayconfig.Exemption{Paths: []string{"/rest/API/**"}}, myself, []string{bob}, false},
		"path in the query":        {gatewayconfig.Exemption{Paths: []string{"/rest/ical/**"}}, myself + "?/rest/ical/x", []string{bob}, false},
		"action below":             {gatewayconfig.Exemption{Paths: []string{"/rest/api/**"}}, "/jira/rest/api/2/Dashboard.jspa", []string{bob}, false},
		"action for a segment":     {gatewayconfig.Exemption{Paths: []string{"/rest/*"}}, "/jira/rest/Dashboard.JSPA", []string{bob}, false},
		"static files":             {gatewayconfig.Exemption{Paths: []string{"/s/**"}}, "/jira/s/x/_/rest/api/2/myself", []string{bob}, false},
		"range":                    {gatewayconfig.Exemption{SourceRanges: unmappedRanges("127.0.0.0/8")}, myself, []string{session}, true},
		"other range":              {gatewayconfig.Exemption{SourceRanges: unmappedRanges("10.0.0.0/8")}, myself, []string{session, "X-Forwarded-For: 10.0.0.1"}, false},
		"user":                     {gatewayconfig.Exemption{Users: []string{"Alice"}}, myself, []string{alice}, true},
		"other user":               {gatewayconfig.Exemption{Users: []string{"alice"}}, myself, []string{bob}, false},
		"user, in a session":       {gatewayconfig.Exemption{Users: []string{"alice"}}, myself, []string{session}, false},
		"user, in parameters":      {gatewayconfig.Exemption{Users: []string{"alice"}}, myself + "?os_username=alice&os_password=x", nil, false},
		"no user":                  {gatewayconfig.Exemption{Users: []string{"alice"}}, myself, nil, false},
		"all of it":                {gatewayconfig.Exemption{Users: []string{"alice"}, Paths: []string{"/rest/**"}, Until: &soon}, myself, []string{alice}, true},
		"one thing is wrong":       {gatewayconfig.Exemption{Users: []string{"alice"}, Paths: []string{"/secure/**"}}, myself, []string{alice}, false},
		"user, beside the session": {gatewayconfig.Exemption{Users: []string{"alice"}}, myself, []string{alice, session}, false},
	} {
		b.setPersonal(true)
		b.config.Personal.Exempt = []gatewayconfig.Exemption{tc.exempt}
		b.configure()
		try := attempt{"GET", tc.target, "", tc.lines}
		a := b.try(try)
		line := b.auditLines(1)[0]
		if passed := len(b.jira.Received()) == 1; passed != tc.passes || passed != (line.Reason == reasonExempt) {
			t.Errorf("%s: %d %s %+v", name, a.StatusCode, a.body, line)
		}
		if tc.exempt.Until != nil {
			b.clock.SetTime(soon)
			never(t, b, map[string]attempt{name + ", later": try}, 401)
		}
	}
}

func TestMadeByPage(t *testing.T) {
	p := newPersonalPolicy(&gatewayconfig.Config{
		Jira:     gatewayconfig.Jira{PublicURL: "https://Jira.example:443/jira", BaseURL: "http://old.example:8080"},
		Personal: &gatewayconfig.Personal{},
	})
	for lines, want := range map[string]bool{
		"":                           false,
		"Sec-Fetch-Site=same-origin": true,
		"Sec-Fetch-Site=none":        true,
		"Sec-Fetch-Site=same-site":   false,
		"Sec-Fetch-Site=cross-site":  false,
		"Sec-Fetch-Site=cross-site X-Requested-With=XMLHttpRequest": false,
		"Sec-Fetch-Site=same-origin Sec-Fetch-Site=cross-site":      false,
		"Sec-Fetch-Site=same-origin Origin=https://evil.example":    false,
		"Sec-Fetch-Site= X-Requested-With=XMLHttpRequest":           false,
		"X-Requested-With=XMLHttpRequest":                           true,
		"X-Requested-With=xmlhttprequest":                           true,
		"X-Requested-With=curl":                                     false,
		"Origin=https://jira.example":                               true,
		"Origin=HTTPS://JIRA.example:443":                           true,
		"Origin=http://old.example:8080":                            true,
		"Origin=http://jira.example":                                false,
		"Origin=https://jira.example.evil.example":                  false,
		"Origin=null": false,
		"Origin= X-Requested-With=XMLHttpRequest":                      false,
		"Origin=https://evil.example X-Requested-With=XMLHttpRequest":  false,
		"Origin=https://jira.example Origin=https://jira.example":      false,
		"Referer=https://jira.example/jira User-Agent=Firefox/1 DNT=1": false,
	} {
		header := http.Header{}
		for line := range strings.FieldsSeq(lines) {
			name, value, _ := strings.Cut(line, "=")
			header.Add(name, value)
		}
		if got := p.madeByPage("GET", header); got != want {
			t.Errorf("%q: %t", lines, got)
		}
		if p.madeByPage("POST", header) != (want && lines != "Sec-Fetch-Site=none") {
			t.Errorf("POST with %q", lines)
		}
	}
}

// TestPersonalCredentialsNeedNoImpersonation: what only tokens need does not stop people; what both need does.
func TestPersonalCredentialsNeedNoImpersonation(t *testing.T) {
	b := newBench(t, trustHeader)
	b.removeSecret("shared")
	b.config.FrontDoor, b.config.Personal = true, &gatewayconfig.Personal{
		Classes: []gatewayconfig.PersonalClass{{Class: "basic", Action: gatewayconfig.ActionAllow}},
	}
	password := "Authorization: " + basic("alice", "pw-alice")
	b.handler.settings.Store(nil) // nothing to take over from before
	if err := b.tryConfigure(); err == nil {
		t.Fatal("the Secret is missing")
	}
	if a := b.send("GET", myself, password); a.StatusCode != http.StatusOK || b.jira.Last().Via != "basic" {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := b.send("GET", myself, bearer(b.issue("alice", []string{"read"}))); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	b.config.Jira.CABundle = &gatewayconfig.KeyRef{Name: "gone", Key: "ca.crt"}
	b.handler.settings.Store(nil)
	if err := b.tryConfigure(); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Fatal(err)
	}
	if a := b.send("GET", myself, password); a.StatusCode != http.StatusServiceUnavailable || !strings.Contains(a.message(t), "CA bundle") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// TestTokensAreNotAskedAboutPersonalCredentials: they work as they do without, and sessions do not come back to them.
func TestTokensAreNotAskedAboutPersonalCredentials(t *testing.T) {
	b := newBench(t)
	b.setPersonal(true)
	tok := bearer(b.issue("alice", []string{"read"}))
	if a := b.send("GET", myself, tok); a.StatusCode != http.StatusOK || a.Header["Set-Cookie"] != nil || b.jira.Last().Via != "pat" {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := b.send("GET", page, tok); a.StatusCode != http.StatusForbidden {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if lines := b.auditLines(2); slices.ContainsFunc(lines, func(l auditLine) bool { return l.CredentialClass != "" }) {
		t.Errorf("%+v", lines)
	}
}
