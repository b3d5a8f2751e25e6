// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// openAs are policies that let through whatever can be let through.
var openAs = map[string][]string{
	"Allow": {
		"basic: Allow", "jiraToken: Allow", "oauth: Allow", "session: Allow", "login: Allow", "parameters: Allow", "anonymous: Allow",
	},
	"Audit": {
		"basic: Deny audit", "jiraToken: Deny audit", "oauth: Deny audit", "session: Deny audit", "login: Deny audit",
		"parameters: Deny audit", "anonymous: Deny audit",
	},
	"exempt": {},
}

// openGates opens a gateway in each way.
func openGates(t *testing.T, test func(t *testing.T, b *bench)) {
	t.Helper()
	for name, classes := range openAs {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.setPersonal(true, classes...)
			if name == "exempt" {
				b.config.Personal.Exempt = []gatewayconfig.Exemption{{SourceRanges: unmappedRanges("127.0.0.0/8")}}
				b.configure()
			}
			test(t, b)
		})
	}
}

// never checks that requests end here.
func never(t *testing.T, b *bench, attempts map[string]attempt, statuses ...int) {
	t.Helper()
	for name, try := range attempts {
		a := b.try(try)
		ok := false
		for _, status := range statuses {
			ok = ok || a.StatusCode == status
		}
		if line := b.auditLines(1)[0]; !ok || len(b.jira.Received()) != 0 || line.Decision != "refused" {
			t.Errorf("%s: %d %s %+v, %d received", name, a.StatusCode, a.body, line, len(b.jira.Received()))
		}
	}
}

// TestARefusedTokenNeverPasses: not in Audit, not exempt, not where its carrier is allowed.
func TestARefusedTokenNeverPasses(t *testing.T) {
	openGates(t, func(t *testing.T, b *bench) {
		t.Helper()
		past := b.clock.Now().Add(-time.Second)
		blocked := b.issue("alice", []string{"read"}, func(c *grant.Credential) { c.State = grant.Blocked })
		expired := b.issue("alice", []string{"read"}, func(c *grant.Credential) { c.ExpiresAt = &past })
		good := b.issue("alice", []string{"read"})
		encoded := base64.StdEncoding.EncodeToString([]byte(good))
		header := func(line string) attempt { return attempt{"GET", myself, "", []string{"Authorization: " + line}} }
		never(t, b, map[string]attempt{
			"unknown": header("Bearer " + unknownToken), "cut off": header("Bearer " + good[:30]), "prefix": header("Bearer jat_"),
			"blocked": header("Bearer " + blocked), "expired": header("Bearer " + expired), "quoted": header("Bearer '" + good + "'"),
			"as Basic": header(basic("alice", unknownToken)), "cut off, as Basic": header(basic("alice", good[:20])),
			"another's": header(basic("bob", good)), "as user": header(basic(good, "")), "other scheme": header("Token " + good),
			"encoded": header("Bearer " + encoded), "encoded, Basic": header(basic("alice", encoded)), "within OAuth": header(`OAuth x="` + good + `"`),
			"blocked, page": {"GET", page, "", []string{bearer(blocked)}}, "good, page is out of reach": header("Bearer " + unknownToken[:20]),
			"query":            {"GET", myself + "?x=" + good, "", nil},
			"password, query":  {"GET", myself + "?os_username=alice&os_password=" + good[:25], "", nil},
			"password, hidden": {"GET", myself + "?os_username=alice&o%73_password=%6Aat_x", "", nil},
			"cookie":           {"GET", page, "", []string{"Cookie: JSESSIONID=" + good}},
			"form":             {"POST", page, "comment=" + good, []string{formLine}},
			"form, encoded":    {"POST", page, "comment=%6Aat%5F" + good[4:], []string{formLine}},
			"log-in page":      {"POST", "/jira/login.jsp", "os_username=alice&os_password=jat_short", []string{formLine}},
			"log-in":           {"POST", "/jira/rest/auth/1/session", `{"username":"alice","password":"jat_short"}`, []string{jsonType}},
			"log-in, whole":    {"POST", "/jira/rest/auth/1/session", `{"username":"alice","password":" ` + good + `"}`, []string{jsonType}},
		}, 400, 401)
	})
}

// TestTwoKindsNeverPass: each pair of carriers, whatever is allowed.
func TestTwoKindsNeverPass(t *testing.T) {
	openGates(t, func(t *testing.T, b *bench) {
		t.Helper()
		carriers := []struct{ name, line, query, form string }{
			{"token", bearer(b.issue("alice", []string{"read", "write"})), "", ""},
			{"basic", "Authorization: " + basic("alice", "pw-alice"), "", ""},
			{"jiraToken", "Authorization: Bearer " + b.jira.AddPAT("alice"), "", ""},
			{"oauth", `Authorization: OAuth oauth_signature="x"`, "", ""},
			{"session", "Cookie: JSESSIONID=" + b.jira.AddSession("bob"), "", ""},
			{"parameters", "", "os_username=bob&os_password=pw-bob", ""},
			{"oauth in query", "", "oauth_signature=x", ""},
			{"jwt", "", "jwt=x", ""},
			{"trusted app", "X-Seraph-Trusted-App-Cert: x", "", ""},
			{"form", "", "", "os_username=bob&os_password=pw-bob"},
			{"oauth in form", "", "", "%6fauth_signature=x"},
		}
		attempts := map[string]attempt{}
		for i, first := range carriers {
			for _, second := range carriers[i+1:] {
				if first.query != "" && second.form != "" && strings.HasPrefix(first.query, second.form[:3]) ||
					strings.HasPrefix(first.name, "oauth") && strings.HasPrefix(second.name, "oauth") {
					continue // the same kind
				}
				try := attempt{"POST", "/jira/rest/api/2/search", strings.Trim(first.form+"&"+second.form, "&"), []string{formLine}}
				for _, line := range []string{first.line, second.line} {
					if line != "" {
						try.lines = append(try.lines, line)
					}
				}
				if query := strings.Trim(first.query+"&"+second.query, "&"); query != "" {
					try.target += "?" + query
				}
				attempts[first.name+" and "+second.name] = try
			}
		}
		if len(attempts) < 45 {
			t.Errorf("only %d pairs", len(attempts))
		}
		never(t, b, attempts, 400, 401) // 401 for what no policy allows, before the form is read
	})
}

// TestWhatNoPolicyAllows never passes either.
func TestWhatNoPolicyAllows(t *testing.T) {
	openGates(t, func(t *testing.T, b *bench) {
		t.Helper()
		credential := "Authorization: " + basic("alice", "pw-alice")
		session := "Cookie: JSESSIONID=" + b.jira.AddSession("alice")
		one := func(target string, lines ...string) attempt { return attempt{"GET", target, "", lines} }
		never(t, b, map[string]attempt{
			"Negotiate": one(page, "Authorization: Negotiate abc"), "JWT": one(page, "Authorization: JWT abc"), "jwt": one(page + "?jwt=x"),
			"empty": one(page, "Authorization: "), "trusted app": one(page, "X-Seraph-Trusted-App-Cert: x"),
			"no base64": one(page, "Authorization: Basic !!!"), "two headers": one(page, credential, credential),
			"list": one(page, credential+", Bearer x"),
			"dots": one("/jira/x/../rest/api/2/myself", session), "encoded dots": one("/jira/x/%2e%2e/rest/api/2/myself", session),
			"semicolon": one("/jira/rest;x=1/api/2/myself", session), "session in path": one("/jira/login.jsp;jsessionid=1"),
			"two slashes": one("/jira//rest/api/2/myself", session), "encoded": one("/jira/%72est/api/2/myself", session),
			"encoded slash": one("/jira/x%2frest/api/2/myself", session), "no context": one("/rest/api/2/myself", session),
			"static": one("/jira/s/x/_/rest/api/2/myself", session), "static, twice": one("/jira/s/_/y/_/rest/api/2/myself", session),
			"static, log-in": one("/jira/s/x/_/login.jsp", session), "static, case": one("/jira/S/x/_/REST/api/2/myself", session),
			"web socket": one(page, session, "Connection: Upgrade", "Upgrade: websocket"), "h2c": one(page, credential, "HTTP2-Settings: x"),
			"charset": {"POST", page, "a=b", []string{formLine + "; charset=utf-16"}},
			"TRACE":   {"TRACE", page, "", []string{session}}, "large form": {"POST", page, strings.Repeat("x", maxPersonalFormBytes+1), []string{formLine}},
		}, 400, 401, 403, 404, 405, 413, 415)
	})
}

// TestAFormCanNotHideAPassword: Jira logs in whoever sends one, on every page.
func TestAFormCanNotHideAPassword(t *testing.T) {
	b := newBench(t)
	form := "x=1&os%5Fusername=alice&OS_password=pw-alice"
	tries := map[string]attempt{
		"page": {"POST", page, form, []string{formLine}}, "REST": {"POST", "/jira/rest/api/2/search", form, []string{formLine}},
		"looks like a log-in": {"POST", "/jira/rest/api/2/login.jsp", form, []string{formLine}},
		"dashboard":           {"POST", "/jira/secure/Dashboard.jspa", form, []string{formLine + ";charset=UTF-8"}},
		"query of a log-in":   {"POST", "/jira/login.jsp?os_username=alice&os_password=pw-alice", "", nil},
	}
	b.setPersonal(true, "anonymous: Allow", "login: Allow", "session: Allow")
	never(t, b, tries, 401)
	b.setPersonal(true, "parameters: Allow", "login: Allow") // and not as anonymous ones
	for name, try := range tries {
		b.try(try)
		if len(b.jira.Received()) != 1 || b.auditLines(1)[0].CredentialClass != "parameters" {
			t.Errorf("%s: %+v", name, b.auditLines(1))
		}
	}
	never(t, b, map[string]attempt{"nothing in it": {"POST", page, "a=b", []string{formLine}}}, 401)
}

// TestOnlyTheGatewayNamesUsersBeforeJira: step 5 is for all classes.
func TestOnlyTheGatewayNamesUsersBeforeJira(t *testing.T) {
	b := newBench(t, trustHeader)
	b.setPersonal(true, openAs["Allow"]...)
	for class, tries := range b.attempts() {
		if strings.HasPrefix(class, "login") {
			continue
		}
		for _, name := range []string{
			"X-Forwarded-User", "X-Gateway-Secret", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded",
			"X-HTTP-Method-Override", "X-HTTP-Method", "X-Original-URL", "X-Rewrite-URL", "Remote-User", "X-AUSERNAME", "Proxy-Authorization",
		} {
			for _, spelling := range spellings(name) {
				try := tries[0]
				try.lines = append([]string{spelling + ": evil", "Connection: authorization, cookie, x-forwarded-for"}, try.lines...)
				b.try(try)
				b.auditLines(1)
				got := b.jira.Last().Header
				for field, values := range got {
					if strings.Contains(strings.Join(values, ","), "evil") {
						t.Errorf("%s: %s reached Jira as %s", class, spelling, field)
					}
				}
				if got.Get("X-Forwarded-For") != "127.0.0.1" || got.Get("X-Forwarded-Host") != "jira.example" || got["X-Gateway-Secret"] != nil {
					t.Errorf("%s: %s: %v", class, spelling, got)
				}
				checkForwarded(t, class, tries[0], &got, tries[0].target, []byte(tries[0].body))
			}
		}
	}
}

// TestNothingPersonalPassesWithoutKnowledge: Audit is no way around an outage.
func TestNothingPersonalPassesWithoutKnowledge(t *testing.T) {
	openGates(t, func(t *testing.T, b *bench) {
		t.Helper()
		b.fresh.set(2*time.Hour, true)
		a := b.send("GET", myself, "Authorization: "+basic("alice", "pw-alice"))
		if a.StatusCode != http.StatusServiceUnavailable || len(b.jira.Received()) != 0 {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	})
}

// FuzzPersonalParameters: a password is found however its name is written, and no query makes a panic.
func FuzzPersonalParameters(f *testing.F) {
	f.Add("a=b", "os_destination=%2F")
	f.Add("%", "&&=&os%5")
	f.Add("oauth_token=x", "jwt")
	f.Fuzz(func(t *testing.T, before, after string) {
		before, after = strings.ReplaceAll(before, ";", ""), strings.ReplaceAll(after, ";", "")
		kind, refusal := kindOfParameters(before+"&os_password=x&"+after, true)
		if refusal == nil && kind != parameterCredential {
			t.Errorf("%q %q: %d", before, after, kind)
		}
		values, err := url.ParseQuery(before)
		if kind, refusal = kindOfParameters(before, true); err == nil && refusal == nil && kind == noCredential {
			for name := range values {
				if strings.EqualFold(name, "os_username") || strings.EqualFold(name, "oauth_signature") {
					t.Errorf("%q: %s was not found", before, name)
				}
			}
		}
	})
}

// TestALogInNeedsItsOwnRule, also with a credential beside it that is allowed.
func TestALogInNeedsItsOwnRule(t *testing.T) {
	b := newBench(t)
	password, form := `{"username":"alice","password":"pw-alice"}`, "os_username=alice&os_password=pw-alice"
	tries := map[string]attempt{}
	for _, target := range []string{
		"/jira/rest/auth/1/session", "/jira/rest/auth/latest/session/", "/jira/rest/auth/1/session.json", "/jira/REST/Auth/1/Session",
		"/jira/rest/gadget/1.0/login", "/jira/rest/tsv/1.0/authenticate", "/jira/login.jsp", "/jira/servicedesk/customer/user/login",
	} {
		tries["Basic to "+target] = attempt{"POST", target, password, []string{jsonType, "Authorization: " + basic("alice", "pw-alice")}}
		tries["bare to "+target] = attempt{"POST", target, password, append([]string{jsonType}, asPage...)}
		tries["form to "+target] = attempt{"POST", target, form, append([]string{formLine}, asPage...)}
		tries["query to "+target] = attempt{"POST", target + "?" + form, "", nil}
	}
	for _, frontDoor := range []bool{false, true} {
		b.setPersonal(frontDoor, "basic: Allow", "anonymous: Allow", "parameters: Allow", "session: Allow", "login: Deny")
		never(t, b, tries, 401, 403)
		b.setPersonal(frontDoor, "basic: Deny", "parameters: Deny", "anonymous: Allow", "session: Allow", "login: Allow")
		for name, try := range tries {
			refused := strings.HasPrefix(name, "Basic") || strings.HasPrefix(name, "query")
			b.try(try)
			b.auditLines(1)
			if (len(b.jira.Received()) == 0) != refused {
				t.Errorf("%s: %+v", name, b.auditLines(1))
			}
		}
	}
}
