// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

// page is a page of Jira's web interface.
const page = "/jira/browse/DEMO-1"

// asPage are headers that the pages of Jira at its base URL send.
var asPage = []string{"Sec-Fetch-Site: same-origin", "Origin: https://jira.example"}

// setPersonal puts a policy for personal credentials in place: "class: action" each, with "audit" behind it for Audit.
func (b *bench) setPersonal(frontDoor bool, classes ...string) {
	b.Helper()
	personal := &gatewayconfig.Personal{}
	for _, text := range classes {
		class, action, _ := strings.Cut(text, ": ")
		action, audit := strings.CutSuffix(action, " audit")
		personal.Classes = append(personal.Classes, gatewayconfig.PersonalClass{Class: class, Action: action, Audit: audit})
	}
	if frontDoor {
		b.config.Jira.PublicURL = jiraBase
	}
	b.config.FrontDoor, b.config.Personal = frontDoor, personal
	if _, err := gatewayconfig.Encode(b.config); err != nil {
		b.Fatal(err)
	}
	b.configure()
	b.forget()
}

// forget empties what Jira received and what the audit log has.
func (b *bench) forget() {
	b.jira.Reset()
	b.audit.mu.Lock()
	b.audit.buf.Reset()
	b.audit.mu.Unlock()
}

// attempt is a request with a credential of a class.
type attempt struct {
	method, target, body string
	lines                []string
}

func (b *bench) try(a attempt) answer {
	b.Helper()
	b.forget()
	if a.body == "" {
		return b.send(a.method, a.target, a.lines...)
	}
	return b.sendBody(a.method, a.target, a.body, a.lines...)
}

const (
	jsonType = "Content-Type: application/json"
	formLine = "Content-Type: " + formType
)

// attempts are requests of each class to the REST API and to a page.
func (b *bench) attempts() map[string][2]attempt {
	both := func(query string, lines ...string) [2]attempt {
		return [2]attempt{{"GET", myself + query, "", lines}, {"GET", page + query, "", lines}}
	}
	session := "Cookie: theme=dark; JSESSIONID=" + b.jira.AddSession("alice")
	password, form := `{"username":"alice","password":"pw-alice"}`, "os_username=alice&os_password=pw-alice"
	return map[string][2]attempt{
		"basic":            both("", "Authorization: "+basic("alice", "pw-alice")),
		"jiraToken":        both("", "Authorization: Bearer "+b.jira.AddPAT("alice")),
		"oauth":            both("", `Authorization: OAuth oauth_consumer_key="x", oauth_signature="y"`),
		"oauth in query":   both("?oauth_consumer_key=x&oauth_signature=y"),
		"parameters":       both("?os_username=alice&os_password=pw-alice"),
		"anonymous":        both("", "Cookie: theme=dark"),
		"session":          both("", session),
		"session, by page": both("", append([]string{session}, asPage...)...),
		"login": {
			{"POST", "/jira/rest/auth/1/session", password, []string{jsonType}},
			{"POST", "/jira/login.jsp?os_destination=%2Fbrowse", form, []string{formLine, session}},
		},
		"login, by page": {
			{"POST", "/jira/rest/gadget/1.0/login", form, append([]string{formLine, session}, asPage...)},
			{"POST", "/jira/login.jsp", form, append([]string{formLine}, asPage...)},
		},
	}
}

// TestClassesActionsPlacementsEnforcements: what happens to each class, to the REST API and to a page.
func TestClassesActionsPlacementsEnforcements(t *testing.T) {
	b := newBench(t)
	attempts := b.attempts()
	for _, row := range []struct {
		action, attempt string
		// REST API and page, at the side door enforced and audited, then at the front door enforced and audited.
		want [4][2]string
	}{
		{"basic: Allow", "basic", [4][2]string{{"pass", "403"}, {"pass", "403"}, {"pass", "pass"}, {"pass", "pass"}}},
		{"basic: Deny", "basic", [4][2]string{{"401", "401"}, {"audit", "403"}, {"401", "401"}, {"audit", "audit"}}},
		{"jiraToken: Allow", "jiraToken", [4][2]string{{"pass", "403"}, {"pass", "403"}, {"pass", "pass"}, {"pass", "pass"}}},
		{"jiraToken: Deny", "jiraToken", [4][2]string{{"401", "401"}, {"audit", "403"}, {"401", "401"}, {"audit", "audit"}}},
		{"oauth: Allow", "oauth", [4][2]string{{"pass", "403"}, {"pass", "403"}, {"pass", "pass"}, {"pass", "pass"}}},
		{"oauth: Deny", "oauth", [4][2]string{{"401", "401"}, {"audit", "403"}, {"401", "401"}, {"audit", "audit"}}},
		{"oauth: Allow", "oauth in query", [4][2]string{{"pass", "403"}, {"pass", "403"}, {"pass", "pass"}, {"pass", "pass"}}},
		{"oauth: Deny", "oauth in query", [4][2]string{{"401", "401"}, {"audit", "403"}, {"401", "401"}, {"audit", "audit"}}},
		{"parameters: Allow", "parameters", [4][2]string{{"pass", "403"}, {"pass", "403"}, {"pass", "pass"}, {"pass", "pass"}}},
		{"parameters: Deny", "parameters", [4][2]string{{"401", "401"}, {"audit", "403"}, {"401", "401"}, {"audit", "audit"}}},
		{"anonymous: Allow", "anonymous", [4][2]string{{"pass", "403"}, {"pass", "403"}, {"pass", "pass"}, {"pass", "pass"}}},
		{"anonymous: Deny", "anonymous", [4][2]string{{"401", "401"}, {"audit", "403"}, {"401", "401"}, {"audit", "audit"}}},

		{"session: Allow", "session", [4][2]string{{"pass", "403"}, {"pass", "403"}, {"pass", "pass"}, {"pass", "pass"}}},
		{"session: BrowserOnly", "session", [4][2]string{{"403", "403"}, {"audit", "403"}, {"403", "pass"}, {"audit", "pass"}}},
		{"session: BrowserOnly", "session, by page", [4][2]string{{"pass", "403"}, {"pass", "403"}, {"pass", "pass"}, {"pass", "pass"}}},
		{"session: Deny", "session", [4][2]string{{"401", "401"}, {"audit", "403"}, {"401", "pass"}, {"audit", "pass"}}},
		{"session: Deny", "session, by page", [4][2]string{{"401", "401"}, {"audit", "403"}, {"401", "pass"}, {"audit", "pass"}}},

		{"login: Allow", "login", [4][2]string{{"403", "pass"}, {"audit", "pass"}, {"403", "pass"}, {"audit", "pass"}}},
		{"login: Allow", "login, by page", [4][2]string{{"pass", "pass"}, {"pass", "pass"}, {"pass", "pass"}, {"pass", "pass"}}},
		{"login: Deny", "login", [4][2]string{{"403", "403"}, {"audit", "audit"}, {"403", "403"}, {"audit", "audit"}}},
		{"login: Deny", "login, by page", [4][2]string{{"403", "403"}, {"audit", "audit"}, {"403", "403"}, {"audit", "audit"}}},
	} {
		for i, want := range row.want {
			frontDoor, action := i >= 2, row.action
			if i%2 == 1 {
				action += " audit"
			}
			b.setPersonal(frontDoor, action)
			for j, try := range attempts[row.attempt] {
				name := fmt.Sprintf("%s; %s %s; front door %t", action, row.attempt, try.target, frontDoor)
				checkAttempt(t, b, name, try, want[j])
			}
		}
	}
}

func checkAttempt(t *testing.T, b *bench, name string, try attempt, want string) {
	t.Helper()
	a := b.try(try)
	line, received := b.auditLines(1)[0], b.jira.Received()
	class, _, _ := strings.Cut(strings.Fields(name)[0], ":")
	if line.CredentialClass != class {
		t.Errorf("%s: class %q", name, line.CredentialClass)
	}
	switch want {
	case "pass", "audit":
		if len(received) != 1 || (want == "pass") != (line.Decision == "allowed") || (want == "audit") != (line.Decision == "audit") ||
			(want == "audit") != (line.WouldBeStatus >= 401) {
			t.Errorf("%s: %d %s, %d received, %+v", name, a.StatusCode, a.body, len(received), line)
			return
		}
		checkForwarded(t, name, try, &received[0].Header, received[0].Target, received[0].Body)
	default:
		if fmt.Sprint(a.StatusCode) != want || len(received) != 0 || line.Decision != "refused" || line.WouldBeStatus != 0 {
			t.Errorf("%s: %d %s, %d received, %+v", name, a.StatusCode, a.body, len(received), line)
		}
		if !strings.Contains(a.message(t), "API token") && !strings.Contains(a.message(t), "SideDoor") {
			t.Errorf("%s: %s", name, a.body)
		}
	}
}

// checkForwarded: what the caller sent to say who it is arrives byte for byte, and so do target and body.
func checkForwarded(t *testing.T, name string, try attempt, header *http.Header, target string, body []byte) {
	t.Helper()
	if target != try.target || string(body) != try.body {
		t.Errorf("%s: %s %q", name, target, body)
	}
	for _, field := range []string{"Authorization", "Cookie"} {
		sent := slices.DeleteFunc(slices.Clone(try.lines), func(line string) bool { return !strings.HasPrefix(line, field+": ") })
		if len(sent) != len((*header)[field]) || len(sent) == 1 && sent[0] != field+": "+header.Get(field) {
			t.Errorf("%s: sent %q, arrived %q", name, sent, (*header)[field])
		}
	}
}

// TestWithoutPersonalCredentialsNothingPersonalPasses: today's answers, whatever the placement.
func TestWithoutPersonalCredentialsNothingPersonalPasses(t *testing.T) {
	b := newBench(t)
	for name, tries := range b.attempts() {
		for _, frontDoor := range []bool{false, true} {
			b.setPersonal(frontDoor)
			b.config.Personal = nil
			b.configure()
			for _, try := range tries {
				a := b.try(try)
				line := b.auditLines(1)[0]
				ambiguous := a.StatusCode == http.StatusBadRequest && line.Reason == reasonAmbiguous && strings.Contains(try.target, "os_destination")
				if len(b.jira.Received()) != 0 || a.StatusCode != http.StatusUnauthorized && !ambiguous || line.CredentialClass != "" {
					t.Errorf("%s %s: %d %s", name, try.target, a.StatusCode, a.body)
				}
			}
		}
	}
	if got := personalCounts(t, b); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestPersonalRequestsAreCounted(t *testing.T) {
	b := newBench(t)
	attempts := b.attempts()
	b.setPersonal(true, "basic: Deny audit", "anonymous: Allow", "session: BrowserOnly")
	for _, class := range []string{"basic", "anonymous", "session", "oauth", "anonymous"} {
		b.try(attempts[class][0])
		b.auditLines(1) // the account comes after the answer
	}
	b.send("GET", myself, "Authorization: Negotiate abc")
	b.auditLines(2)
	want := map[string]float64{
		"basic audit": 1, "anonymous allowed": 2, "session refused": 1, "oauth refused": 1, "other refused": 1,
	}
	if got := personalCounts(t, b); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v", got)
	}
}

// personalCounts are by class and outcome.
func personalCounts(t *testing.T, b *bench) map[string]float64 {
	t.Helper()
	families, err := prometheus.Gatherer(b.registry).Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, family := range families {
		if family.GetName() != "jiratokens_gateway_personal_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			out[metric.GetLabel()[0].GetValue()+" "+metric.GetLabel()[1].GetValue()] = metric.GetCounter().GetValue()
		}
	}
	return out
}

func unmappedRanges(ranges ...string) (out []netip.Prefix) {
	for _, r := range ranges {
		out = append(out, netip.MustParsePrefix(r))
	}
	return out
}
