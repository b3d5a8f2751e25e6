// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// guessBench is a front door that lets passwords through, behind a trusted proxy that tells clients apart.
func guessBench(t *testing.T, classes ...string) *bench {
	t.Helper()
	b := newBench(t, func(b *bench) { b.config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	b.setPersonal(true, classes...)
	return b
}

const office, elsewhere = "X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 198.51.100.9"

// guesses are ways to try a password of alice's.
func guesses(password string) map[string]attempt {
	form := "os_username=alice&os_password=" + password
	return map[string]attempt{
		"basic":      {"GET", myself, "", []string{"Authorization: " + basic("alice", password)}},
		"query":      {"GET", myself + "?" + form, "", nil},
		"form":       {"POST", "/jira/rest/api/2/search", form, []string{formLine}},
		"bearer":     {"GET", myself, "", []string{"Authorization: Bearer " + password}},
		"login page": {"POST", "/jira/login.jsp", form, append([]string{formLine}, asPage...)},
		"gadget":     {"POST", "/jira/rest/gadget/1.0/login", form, append([]string{formLine}, asPage...)},
		"session": {
			"POST", "/jira/rest/auth/1/session", `{"username":"alice","password":"` + password + `"}`,
			append([]string{jsonType}, asPage...),
		},
	}
}

// TestPasswordsCanNotBeGuessed: after some failures Jira is not asked any more, not even about the right password, until
// time has passed. Networks are counted each by itself.
func TestPasswordsCanNotBeGuessed(t *testing.T) {
	for name, guess := range guesses("wrong") {
		t.Run(name, func(t *testing.T) {
			b := guessBench(t, "basic: Allow", "parameters: Deny audit", "jiraToken: Allow", "login: Allow", "anonymous: Allow")
			right := guesses("pw-alice")[name]
			if name == "bearer" {
				right.lines = []string{"Authorization: Bearer " + b.jira.AddPAT("alice")}
			}
			from := func(a attempt, address string) answer {
				a.lines = append([]string{address}, a.lines...)
				got := b.try(a)
				b.auditLinesOrCount(got.StatusCode)
				return got
			}
			asked := 0
			for range failureBurst + 50 {
				if from(guess, office).StatusCode != http.StatusTooManyRequests {
					asked++
				}
			}
			if asked != failureBurst {
				t.Errorf("Jira was asked %d times", asked)
			}
			refused := from(right, office)
			if refused.StatusCode != http.StatusTooManyRequests || refused.Header.Get("Retry-After") != "1" ||
				!strings.Contains(refused.message(t), "too many passwords") {
				t.Errorf("%d %v %s", refused.StatusCode, refused.Header, refused.body)
			}
			if got := from(right, elsewhere); len(b.jira.Received()) != 1 {
				t.Errorf("from elsewhere: %d %s", got.StatusCode, got.body)
			}
			b.clock.SetTime(b.clock.Now().Add(failureEvery))
			if got := from(right, office); len(b.jira.Received()) != 1 {
				t.Errorf("later: %d %s", got.StatusCode, got.body)
			}
		})
	}
}

// auditLinesOrCount waits for the account of a request, which comes after its answer.
func (b *bench) auditLinesOrCount(status int) {
	b.Helper()
	if status != http.StatusTooManyRequests { // those have none
		b.auditLines(1)
	}
}

// TestOfficesSurvive: one script with a wrong password does not keep those out who share its address: sessions, log-ins,
// tokens, and scripts whose passwords Jira took before.
func TestOfficesSurvive(t *testing.T) {
	b := guessBench(t, "basic: Allow", "session: BrowserOnly", "login: Allow", "anonymous: Allow")
	tok, session := b.issue("alice", []string{"read"}), "Cookie: JSESSIONID="+b.jira.AddSession("bob")
	good := "Authorization: " + basic("bob", "pw-bob")
	b.send("GET", myself, office, good)
	b.auditLines(1)
	for range failureBurst * 2 {
		b.forget()
		b.auditLinesOrCount(b.send("GET", myself, office, "Authorization: "+basic("alice", "old")).StatusCode)
	}
	login := guesses("pw-alice")["login page"]
	for name, got := range map[string]answer{
		"token":        b.send("GET", myself, office, bearer(tok)),
		"session":      b.send("GET", myself, append([]string{office, session}, asPage...)...),
		"page":         b.send("GET", page, office),
		"login page":   b.send("GET", "/jira/login.jsp", office),
		"login":        b.sendBody("POST", login.target, login.body, append([]string{office}, login.lines...)...),
		"known before": b.send("GET", myself, office, good),
	} {
		if got.StatusCode != http.StatusOK && got.StatusCode != http.StatusFound {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	if got := b.send("GET", myself, office, "Authorization: "+basic("carol@corp.example", "pw-carol@corp.example")); got.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a password that Jira has not seen from there: %d", got.StatusCode)
	}
}

// TestOnlyFailuresCount: what succeeds, or carries nothing to guess, is not counted however often it comes.
func TestOnlyFailuresCount(t *testing.T) {
	b := guessBench(t, "basic: Allow", "session: BrowserOnly", "login: Allow", "anonymous: Allow")
	for i := range 2 * failureBurst {
		for name, got := range map[string]answer{
			"basic":     b.send("GET", myself, "Authorization: "+basic("alice", "pw-alice")),
			"anonymous": b.send("GET", myself),
			"not found": b.send("GET", "/jira/rest/api/2/issue/NONE-1", "Authorization: "+basic("alice", "pw-alice")),
			"no cookie": b.send("GET", myself, "Cookie: JSESSIONID=none"),
		} {
			if got.StatusCode == http.StatusTooManyRequests {
				t.Fatalf("%s, %d: %s", name, i, got.body)
			}
		}
	}
}

// TestRefusedPasswordsCount: what the policy refuses gets the bound of wrong tokens, and still no answer of Jira's.
func TestRefusedPasswordsCount(t *testing.T) {
	b := guessBench(t)
	counts := map[int]int{}
	for i := range failureBurst + 20 {
		counts[b.send("GET", myself, office, "Authorization: "+basic("alice", fmt.Sprint(i))).StatusCode]++
	}
	if counts[401] != failureBurst || counts[429] != 20 || len(b.jira.Received()) != 0 {
		t.Errorf("%v", counts)
	}
}

func TestTakenCredentialsEnd(t *testing.T) {
	now := time.Now()
	taken := newTakenCredentials(now)
	ask := func(address, password string, at time.Time) *exchange {
		return &exchange{
			address: netip.MustParseAddr(address), start: at,
			request: Request{Header: http.Header{"Authorization": {basic("alice", password)}}},
		}
	}
	taken.add(ask("10.0.0.1", "pw", now))
	for _, tc := range []struct {
		address, password string
		after             time.Duration
		want              bool
	}{
		{"10.0.0.1", "pw", takenFor - 1, true},
		{"10.0.0.77", "pw", 0, true}, // the same network
		{"10.0.0.1", "pw", takenFor, false},
		{"10.0.1.1", "pw", 0, false},
		{"10.0.0.1", "pw2", 0, false},
	} {
		if got := taken.has(ask(tc.address, tc.password, now.Add(tc.after))); got != tc.want {
			t.Errorf("%+v: %t", tc, got)
		}
	}
	taken.add(&exchange{})
	if taken.has(&exchange{}) {
		t.Error("nothing was taken")
	}
}
