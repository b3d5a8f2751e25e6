// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

// TestMustPass: these targets come to Jira byte for byte.
func TestMustPass(t *testing.T) {
	b := newBench(t)
	all := bearer(b.issue("alice", []string{"read", "write"}))
	for name, target := range map[string]string{
		"plain":                       "/jira/rest/api/2/myself",
		"one slash at the end":        "/jira/rest/api/2/myself/",
		"context path":                "/jira/rest",
		"latest":                      "/jira/rest/api/latest/issue/DEMO-1",
		"raw brackets and bar":        "/jira/rest/api/2/issue/DEMO-1/properties/a[0]|b",
		"percent in data":             "/jira/secure/attachment/10001/100%25%20done.txt",
		"semicolon in data":           "/jira/secure/attachment/10001/a%3Bb.txt",
		"hash in data":                "/jira/secure/attachment/10001/issue%23%31.txt",
		"question mark in data":       "/jira/secure/attachment/10001/why%3F.txt",
		"plus in data":                "/jira/secure/attachment/10001/a+b%2Bc.txt",
		"UTF-8 in data":               "/jira/secure/attachment/10001/%C3%BCber%20%E2%82%AC%F0%9F%98%80.txt",
		"double encoding in data":     "/jira/rest/api/2/issue/DEMO-1/properties/100%2525",
		"encoded slash, once more":    "/jira/secure/attachment/10001/a%252Fb.txt",
		"dots in names":               "/jira/secure/attachment/10001/a..b...txt",
		"doubled colons in data":      "/jira/rest/api/2/issue/DEMO-1/properties/a::b::.c.",
		"almost a page's suffix":      "/jira/secure/attachment/10001/a.js.p",
		"unreserved, encoded, data":   "/jira/rest/api/2/issue/%44EMO-1",
		"user name with at":           "/jira/rest/api/2/user?username=carol@corp.example",
		"encoded at":                  "/jira/rest/api/2/user?username=carol%40corp.example",
		"JQL with brackets":           `/jira/rest/api/2/search?jql=labels%20in%20[a,b]&x={"a":["<b>"]}^` + "`" + `|\`,
		"semicolon in the query":      "/jira/rest/api/2/search?a=1;b=2",
		"slashes in the query":        "/jira/rest/api/2/search?jql=a//b/../c?d",
		"encoded dots in the query":   "/jira/rest/api/2/search?jql=%2e%2e%2f%00",
		"broken percent in the query": "/jira/rest/api/2/search?jql=100%&b=%zz",
		"empty query":                 "/jira/rest/api/2/myself?",
		"repeated parameters":         "/jira/rest/api/2/search?a=1&a=2&&=&a",
		"rule text in the query":      "/jira/rest/api/2/search?jql=/rest/pat/latest/tokens",
		"rule text after %23":         "/jira/rest/api/2/issue/x%23%2525/comment",
		"sub-delimiters":              "/jira/rest/api/2/issue/a!$&'()*,:=@~_-./x",
		"avatar":                      "/jira/secure/useravatar?ownerId=alice",
		"issue view":                  "/jira/si/jira.issueviews:issue-xml/DEMO-1/DEMO-1.xml",
		"search view":                 "/jira/sr/jira.issueviews:searchrequest-xml/temp/SearchRequest.xml?jqlQuery=a",
	} {
		t.Run(name, func(t *testing.T) {
			b.jira.Reset()
			a := b.send("GET", target, all)
			if got := b.jira.Last(); got.Target != target {
				t.Errorf("sent %s, came as %q: %d %s", target, got.Target, a.StatusCode, a.body)
			}
			if a.StatusCode >= http.StatusInternalServerError {
				t.Errorf("%d %s", a.StatusCode, a.body)
			}
		})
	}
}

type refusedRow struct {
	method, target string
	lines          []string
	status         int
	says           string // part of the message; "-" if the HTTP engine itself answers, in plain text
}

// TestMustRefuse: none of these reaches Jira.
func TestMustRefuse(t *testing.T) {
	b := newBench(t)
	tok := b.issue("alice", []string{"read", "write", "admin"})
	for name, row := range mustRefuse(tok) {
		t.Run(name, func(t *testing.T) {
			b.jira.Reset()
			lines := row.lines
			if lines == nil {
				lines = []string{bearer(tok)}
			}
			a := b.send(row.method, row.target, lines...)
			if a.StatusCode != row.status {
				t.Errorf("status %d, want %d: %s", a.StatusCode, row.status, a.body)
			}
			if row.says != "-" && row.method != http.MethodHead {
				if message := a.message(t); !strings.Contains(message, row.says) {
					t.Errorf("message %q lacks %q", message, row.says)
				}
			}
			if got := b.jira.Received(); len(got) != 0 {
				t.Errorf("Jira received %s %s %v", got[0].Method, got[0].Target, got[0].Header)
			}
		})
	}
	if log := b.audit.String(); strings.Contains(log, tok) || strings.Contains(log, tok[17:]) {
		t.Error("the audit log holds the token")
	}
}

func mustRefuse(tok string) map[string]refusedRow {
	rows := map[string]refusedRow{}
	add := func(name, target string, status int, says string) {
		rows[name] = refusedRow{"GET", target, nil, status, says}
	}
	withLines := func(name string, status int, says string, lines ...string) {
		rows[name] = refusedRow{"GET", myself, lines, status, says}
	}
	const dots, slash = "'.' or '..'", "an empty segment (//)"
	// Traversal.
	add("dot dot", "/jira/rest/api/2/../../pat/latest/tokens", 400, dots)
	add("dot", "/jira/rest/./api/2/myself", 400, dots)
	add("encoded dots", "/jira/rest/api/2/issue/%2e%2e/x", 400, dots)
	add("half encoded dots", "/jira/rest/api/2/issue/.%2E/x", 400, dots)
	add("twice encoded dots", "/jira/rest/api/2/issue/%252e%252e/x", 400, dots)
	add("thrice encoded dots", "/jira/rest/api/2/issue/%25252e%2e/x", 400, dots)
	add("dots at the end", "/jira/rest/api/2/issue/..", 400, dots)
	add("dots before the context path", "/x/../jira/rest/api/2/myself", 400, dots)
	add("dots with a path parameter", "/jira/rest/..;/api/2/myself", 400, "semicolon")
	add("dots with an encoded parameter", "/jira/rest/api/2/issue/..%3Bx/y", 400, dots)
	add("slashes hidden twice", "/jira/rest/api/2/issue/x%252f..%252f..%252fpat/y", 400, dots)
	add("overlong dots", "/jira/rest/api/2/issue/%c0%ae%c0%ae/x", 400, "no valid UTF-8")
	add("WEB-INF by an encoded dot", "/jira/%2e/WEB-INF/web.xml", 400, dots)
	add("dots before doubled colons", "/jira/rest/api/2/issue/..::x/y", 400, dots)
	add("dots after doubled colons", "/jira/rest/api/2/issue/x::../y", 400, dots)
	add("dots after three colons", "/jira/rest/api/2/issue/x:::./y", 400, dots)
	add("encoded dots and colons", "/jira/rest/api/2/issue/%2e%2e%3A%3Ax/y", 400, dots)
	add("twice encoded dots and colons", "/jira/rest/api/2/issue/%252e%253a%253a/y", 400, dots)
	add("dots and colons in the API", "/jira/rest/..::/2/myself", 400, dots)
	add("dots after the API", "/jira/rest/api../2/myself", 400, "dot at the end")
	// Separators.
	add("doubled slash", "/jira//rest/api/2/myself", 400, "base URL that ends in '/'")
	add("doubled slash at the start", "//jira/rest/api/2/myself", 400, slash)
	add("doubled slash at the end", "/jira/rest/api/2/myself//", 400, slash)
	add("encoded slash", "/jira/rest/api/2/issue/a%2fb", 400, "encoded slash")
	add("encoded backslash", "/jira/rest/api/2/issue/a%5Cb", 400, "encoded backslash")
	add("backslash", `/jira/rest\api/2/myself`, 400, "backslash")
	add("path parameter", "/jira/rest;x=1/api/2/myself", 400, "semicolon")
	add("semicolon at the end", "/jira/rest/api/2/myself;", 400, "semicolon")
	add("session in the path", "/jira/rest/api/2/myself;jsessionid=ABC", 400, "semicolon")
	add("hash", "/jira/rest/api/2/myself#/x", 400, "'#'")
	add("hash in the query", "/jira/rest/api/2/myself?a#b", 400, "'#'")
	add("encoded NUL", "/jira/rest/api/2/issue/a%00b", 400, "control character")
	add("encoded line end", "/jira/rest/api/2/issue/a%0d%0ab", 400, "control character")
	add("encoded DEL", "/jira/rest/api/2/issue/a%7fb", 400, "control character")
	add("raw control", "/jira/rest/api/2/issue/a\x01b", 400, "-")
	add("raw UTF-8", "/jira/rest/api/2/issue/\u00fc", 400, "percent-encode")
	add("raw UTF-8 in the query", "/jira/rest/api/2/search?jql=\u00fc", 400, "percent-encode")
	add("raw brace in the path", "/jira/rest/api/2/issue/{x}", 400, "%7B")
	// Encodings.
	add("encoded letter in the API", "/jira/rest/%61pi/2/myself", 400, "write it plainly")
	add("encoded letter in rest", "/jira/%72est/api/2/myself", 400, "write it plainly")
	add("encoded context path", "/%6Aira/rest/api/2/myself", 400, "write it plainly")
	add("data encoding in the API", "/jira/rest/api%20/2/myself", 400, "write it plainly")
	add("percent without digits", "/jira/rest/api/2/issue/100%", 400, "-")
	add("Latin-1", "/jira/rest/api/2/issue/%FC", 400, "no valid UTF-8")
	// Targets.
	add("absolute URL", "http://jira.example/jira/rest/api/2/myself", 400, "not a URL")
	add("asterisk", "*", 400, "-")
	add("outside the context path", "/rest/api/2/myself", 404, "/jira/rest/api/2/myself")
	add("context path's beginning only", "/jira2/rest/api/2/myself", 404, "/jira")
	rows["OPTIONS *"] = refusedRow{"OPTIONS", "*", nil, 400, "asterisk"}
	// Methods and upgrades.
	rows["CONNECT"] = refusedRow{"CONNECT", "jira.example:443", nil, 405, "method"}
	for _, method := range []string{"TRACE", "TRACK", "PROPFIND", "MOVE", "get", "PURGE"} {
		rows[method] = refusedRow{method, myself, nil, 405, "method"}
	}
	withLines("websocket", 400, "Upgrade", bearer(tok), "Connection: Upgrade", "Upgrade: websocket")
	withLines("h2c", 400, "Upgrade", bearer(tok), "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
	withLines("Upgrade without Connection", 400, "Upgrade", bearer(tok), "Upgrade: h2c")
	withLines("Connection: upgrade", 400, "Upgrade", bearer(tok), "Connection: close, upGrade")
	withLines("HTTP2-Settings alone", 400, "Upgrade", bearer(tok), "HTTP2-Settings: AAMAAABk")
	// Bounds.
	withLines("large header", 431, "POST it", bearer(tok), "X-Large: "+strings.Repeat("a", maxHeaderBytes))
	withLines("very large header", 431, "-", bearer(tok), "X-Large: "+strings.Repeat("a", 2*maxHeaderBytes))
	add("long query", "/jira/rest/api/2/search?jql="+strings.Repeat("a", maxHeaderBytes), 431, "POST it")
	add("many parameters", "/jira/rest/api/2/search?"+strings.Repeat("&", maxParameters), 400, "parameters")
	addCredentialRows(rows, withLines, tok)
	addReachRows(rows)
	return rows
}

func addCredentialRows(
	rows map[string]refusedRow, withLines func(name string, status int, says string, lines ...string), tok string,
) {
	const two, leaked = "two kinds", "leaked"
	withLines("no credential", 401, "Authorization: Bearer", "X-None: 1")
	withLines("a health checker", 401, "Authorization: Bearer", "User-Agent: kube-probe/1.33")
	withLines("password", 401, "passwords", "Authorization: "+basic("alice", "pw-alice"))
	withLines("Jira's own token", 401, "Jira's own tokens", "Authorization: Bearer MDA0NTU4")
	withLines("session", 401, "sessions", "Cookie: JSESSIONID=ABC")
	withLines("unknown token", 401, "not known", bearer(unknownToken))
	withLines("cut token", 401, "length", bearer(tok[:40]))
	withLines("mistyped token", 401, "checksum", bearer(tok[:30]+swapped(tok[30:31])+tok[31:]))
	withLines("token with quotes", 401, "quotes", `Authorization: Bearer "`+tok+`"`)
	withLines("token without scheme", 401, "Bearer <token>", "Authorization: "+tok)
	withLines("token with another scheme", 401, "Bearer <token>", "Authorization: Token "+tok)
	withLines("Basic of another user", 401, "not the token's owner", "Authorization: "+basic("bob", tok))
	withLines("Basic without user", 401, "not the token's owner", "Authorization: "+basic("", tok))
	withLines("token as user name", 401, "the token is the password", "Authorization: "+basic(tok, "x"))
	withLines("Basic that is no base64", 400, "base64", "Authorization: Basic %%%")
	withLines("two Authorization headers", 400, "more than one", bearer(tok), bearer(tok))
	withLines("two in one", 400, "several", bearer(tok)+", Basic eDp5")
	withLines("token and session", 400, two, bearer(tok), "Cookie: a=b; jsessionid=ABC")
	withLines("token and remember-me", 400, two, bearer(tok), "Cookie: seraph.rememberme.cookie=ABC")
	withLines("token and trusted app", 400, two, bearer(tok), "X_Seraph-Trusted_App-ID: app")
	for name, query := range map[string]string{
		"os_username": "os_username=bob&os_password=x", "encoded os_username": "os%5Fusername=bob",
		"os_authType": "OS_authType=any", "oauth parameter": "oauth_token=x", "encoded oauth": "oauth%5ftoken=x",
		"jwt": "jwt=abc",
	} {
		rows["token and "+name] = refusedRow{"GET", myself + "?" + query, nil, 400, two}
	}
	for name, query := range map[string]string{
		"xoauth_requestor_id": "xoauth_requestor_id=bob", "encoded xoauth": "a=b&xoauth%5Frequestor_id=bob",
		"user_id": "user_id=bob", "_method": "_method=DELETE",
	} {
		rows["token and "+name] = refusedRow{"GET", myself + "?" + query, nil, 400, "names a user"}
	}
	rows["token in the query"] = refusedRow{"GET", myself + "?token=" + tok, []string{"X-None: 1"}, 400, leaked}
	rows["token in the query, encoded"] = refusedRow{"GET", myself + "?t=" + strings.Replace(tok, "jat_", "%6Aat%255F", 1), nil, 400, leaked}
	rows["token in the path"] = refusedRow{"GET", "/jira/rest/api/2/issue/" + tok, nil, 400, leaked}
	rows["token in the path, encoded"] = refusedRow{"GET", "/jira/rest/api/2/issue/" + strings.Replace(tok, "_", "%5F", 1), nil, 400, leaked}
	withLines("token in a header", 400, leaked, "X-Api-Key: "+tok)
	withLines("token in a cookie", 400, leaked, bearer(tok), "Cookie: t="+tok)
	withLines("token in the referrer", 400, leaked, bearer(tok), "Referer: https://x/?t="+tok)
	withLines("token in the user agent", 400, leaked, bearer(tok), "User-Agent: curl "+tok)
}

// addReachRows: what no token reaches. The token has every scope.
func addReachRows(rows map[string]refusedRow) {
	for _, one := range []struct{ method, path, says string }{
		{"GET", "/rest/pat/latest/tokens", "no API token can reach"},
		{"POST", "/rest/pat/latest/tokens", "no API token can reach"},
		{"POST", "/rest/PAT/latest/tokens", "no API token can reach"},
		{"POST", "/rest/pat/latest/tokens.json", "no API token can reach"},
		{"POST", "/rest/auth/1/session", "no API token can reach"},
		{"DELETE", "/rest/auth/1/session", "no API token can reach"},
		{"POST", "/rest/auth/latest/session/", "no API token can reach"},
		{"DELETE", "/rest/auth/1/websudo", "no API token can reach"},
		{"POST", "/rest/oauth2/latest/token", "no API token can reach"},
		{"GET", "/rest/oauth/1.0/anything", "no API token can reach"},
		{"POST", "/rest/tsv/1.0/authenticate", "no API token can reach"},
		{"POST", "/rest/gadget/1.0/login", "no API token can reach"},
		{"POST", "/rest/gadget/1.0/login.xml", "no API token can reach"},
		{"PUT", "/rest/api/2/user/password", "no API token can reach"},
		{"PUT", "/rest/api/2/user/pass%77ord", "no API token can reach"},
		{"PUT", "/rest/api/latest/myself/password", "no API token can reach"},
		{"POST", "/rest/de.resolution.apitokenauth/latest/user/token", "no API token can reach"},
		{"PUT", "/rest/api/2/myself", "no API token can reach"},
		{"POST", "/rest/nativemobile/1.0/batch", "a dispatcher"}, // runs what its body names: never to be eased
		{"POST", "/rest/NativeMobile/latest/batch.json", "a dispatcher"},
		{"POST", "/rest/extender/1.0/token", "no API token can reach"},
		{"GET", "/rest/calendar-services/1.0/calendar", "no API token can reach"},
		{"GET", "/rest/api/2/Dashboard.jspa", "REST API"},
		{"POST", "/rest/api/2/search/Dashboard.jspa", "REST API"},
		{"GET", "/rest/api/2/issue/x/Dashboard!default.jspa", "REST API"},
		{"GET", "/rest/api/2/issue/x/Dashboard.js%70a", "REST API"},
		{"GET", "/rest/api/2/issue/Dashboard.jspa%3Bx", "REST API"},
		{"GET", "/rest/api/2/issue/a.JSP/x", "REST API"},
		{"GET", "/secure/attachment/10001/Dashboard.jspa", "REST API"},
		{"GET", "/secure/attachment/10001/a.jspx", "REST API"},
		{"GET", "/", "REST API"},
		{"GET", "/login.jsp", "REST API"},
		{"GET", "/secure/Dashboard.jspa", "REST API"},
		{"GET", "/plugins/servlet/upm", "REST API"},
		{"GET", "/secure/admin/user/UserBrowser.jspa", "REST API"},
		{"POST", "/secure/attachment/10001/a.txt", "REST API"},
		{"GET", "/REST/api/2/myself", "REST API"},
		{"GET", "/s/x/_/WEB-INF/web.xml", "REST API"},
	} {
		rows[one.method+" "+one.path] = refusedRow{one.method, "/jira" + one.path, nil, 403, one.says}
	}
}

var unknownToken = func() string {
	made, err := token.Generate(strings.NewReader(strings.Repeat("An unknown token.", 20)))
	if err != nil {
		panic(err)
	}
	return made.Reveal()
}()

func swapped(character string) string {
	if character == "a" {
		return "b"
	}
	return "a"
}
