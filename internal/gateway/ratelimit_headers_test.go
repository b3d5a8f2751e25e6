// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

func rateHeaders(remaining, limit, fill, interval string) http.Header {
	return http.Header{
		"X-Ratelimit-Remaining": {remaining}, "X-Ratelimit-Limit": {limit},
		"X-Ratelimit-Fillrate": {fill}, "X-Ratelimit-Interval-Seconds": {interval},
	}
}

// A client is told of the limit that it meets first, and never a mixture of the two.
func TestWhoseLimitIsTold(t *testing.T) {
	b := newBench(t)
	ours := rates(9, 10, 60, 60)
	lacking := rateHeaders("1", "2", "3", "4")
	delete(lacking, "X-Ratelimit-Fillrate")
	for name, tc := range map[string]struct {
		jira http.Header
		want string
	}{
		"none of Jira's":       {nil, ours},
		"Jira's has less left": {rateHeaders("8", "1000", "2", "1"), rates(8, 1000, 2, 1)},
		"as much left":         {rateHeaders("9", "1000", "2", "1"), rates(9, 1000, 2, 1)},
		"Jira's has more left": {rateHeaders("10", "20", "2", "1"), ours},
		"one is missing":       {lacking, ours},
		"no numbers":           {rateHeaders("few", "2", "3", "4"), ours},
		"negative":             {rateHeaders("-1", "2", "3", "4"), ours},
		"no interval":          {rateHeaders("1", "2", "3", "0"), ours},
	} {
		b.jira.Fault(jiratest.Fault{Times: 2, Header: tc.jira})
		a := b.send("GET", myself, bearer(b.issue("alice", []string{"read"}, limited(60, 10))))
		if a.StatusCode != http.StatusOK || ratesOf(a.Header) != tc.want {
			t.Errorf("%s: %d %s, want %s", name, a.StatusCode, ratesOf(a.Header), tc.want)
		}
		a = b.send("GET", myself, bearer(b.issue("alice", []string{"read"}))) // has none of its own
		for header, want := range tc.jira {
			if got := a.Header[header]; len(got) != 1 || got[0] != want[0] {
				t.Errorf("%s: %s became %q", name, header, got)
			}
		}
	}
}

// Jira's own 429 is about Jira's own limit.
func TestJirasRefusalPassesUnchanged(t *testing.T) {
	b := newBench(t)
	var answers []http.Header
	for _, burst := range []int32{0, 10} {
		tok := b.issue("alice", []string{"read"})
		if burst > 0 {
			tok = b.issue("alice", []string{"read"}, limited(60, burst))
		}
		b.jira.Fault(jiratest.Fault{
			Status: http.StatusTooManyRequests, Times: 1, Header: http.Header{"X-Ratelimit-Remaining": {"50"}},
		})
		a := b.send("GET", myself, bearer(tok))
		if a.StatusCode != http.StatusTooManyRequests || !strings.Contains(a.body, "Rate limit exceeded.") || a.Header.Get("Retry-After") != "5" ||
			ratesOf(a.Header) != rates(50, 10, 2, 5) {
			t.Errorf("%d %v %s", a.StatusCode, a.Header, a.body)
		}
		for _, header := range []string{"Date", "X-Arequestid", "X-Asessionid"} {
			a.Header.Del(header)
		}
		answers = append(answers, a.Header)
	}
	if !maps.EqualFunc(answers[0], answers[1], func(a, b []string) bool { return strings.Join(a, "\n") == strings.Join(b, "\n") }) {
		t.Errorf("without a limit %v\nwith one %v", answers[0], answers[1])
	}
}

// A proxy before Jira, or Jira before it looks at the user, may have a limit too. Its headers stay with its refusal.
func TestAProxysRefusalKeepsItsLimit(t *testing.T) {
	const head = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 4\r\n"
	const headers = "X-RateLimit-Limit: 1\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-FillRate: 3\r\nX-RateLimit-Interval-Seconds: 4\r\n"
	for name, tc := range map[string]struct{ reply, want string }{
		"with headers":    {head + headers + "\r\nslow", rates(0, 1, 3, 4)},
		"without headers": {head + "\r\nslow", rates(9, 10, 60, 60)},
	} {
		b, _ := cannedBench(t, tc.reply)
		a := b.send("GET", myself, bearer(b.issue("alice", []string{"read"}, limited(60, 10))))
		if a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") != "7" || ratesOf(a.Header) != tc.want {
			t.Errorf("%s: %d %s %v", name, a.StatusCode, ratesOf(a.Header), a.Header)
		}
		a.message(t)
	}
}

// Whatever becomes of a request whose limit was counted, the answer tells what is left.
func TestEveryAnswerTellsTheLimit(t *testing.T) {
	b := newBench(t)
	tok := bearer(b.issue("alice", []string{"read", "write"}, limited(60, 10)))
	left := 10
	expect := func(name string, a answer, status int) {
		t.Helper()
		left--
		if a.StatusCode != status || ratesOf(a.Header) != rates(left, 10, 60, 60) {
			t.Errorf("%s: %d %s", name, a.StatusCode, ratesOf(a.Header))
		}
	}
	expect("HEAD", b.send("HEAD", myself, tok), 200)
	expect("not found by Jira", b.send("GET", "/jira/rest/api/2/issue/NONE-1", tok), 404)
	expect("an OAuth parameter in a form", b.sendBody("POST", "/jira/rest/api/2/search", "xoauth_requestor_id=bob", tok,
		"Content-Type: application/x-www-form-urlencoded"), 400)
	b.jira.Fault(jiratest.Fault{Status: http.StatusUnauthorized, Times: 1})
	expect("not taken for the owner's", b.send("GET", myself, tok), 502)
	b.jira.Fault(jiratest.Fault{Drop: true, Times: 1})
	expect("broken off", b.sendBody("POST", "/jira/rest/api/2/search", "{}", tok, "Content-Type: application/json"), 502)
	b.removeSecret("pat-alice")
	b.configure()
	expect("no credential", b.send("GET", myself, tok), 502)
}
