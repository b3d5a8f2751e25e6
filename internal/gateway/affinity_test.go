// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

// newClusterBench has a Jira of two nodes behind a load balancer.
func newClusterBench(t *testing.T, cookies ...string) *bench {
	t.Helper()
	return newBench(t, func(b *bench) {
		balancer := httptest.NewServer(b.jira.Balanced("NODE", "one", "two"))
		t.Cleanup(balancer.Close)
		b.config.Jira.URL = balancer.URL + "/jira"
		b.config.AffinityCookies = cookies
	})
}

// createAndSearch returns how often a search finds the issue that was created just before.
func (b *bench) createAndSearch(tok string, times int) (found int) {
	b.Helper()
	for n := range times {
		summary := fmt.Sprintf("affinity%d", n)
		a := b.sendBody("POST", "/jira/rest/api/2/issue", `{"fields":{"project":{"key":"DEMO"},"summary":"`+summary+`"}}`,
			tok, "Content-Type: application/json")
		if a.StatusCode != http.StatusCreated || a.Header.Get("Set-Cookie") != "" {
			b.Fatalf("%d %v %s", a.StatusCode, a.Header, a.body)
		}
		a = b.send("GET", "/jira/rest/api/2/search?jql=summary~"+summary, tok, "Cookie: NODE=one")
		if a.StatusCode != http.StatusOK {
			b.Fatalf("%d %s", a.StatusCode, a.body)
		}
		if strings.Contains(a.body, `"total":1`) {
			found++
		}
	}
	return found
}

// TestCreateThenSearchSeesItsOwnWrite, on a node of its own, and without affinity does not.
func TestCreateThenSearchSeesItsOwnWrite(t *testing.T) {
	const times = 10
	without := newClusterBench(t)
	if n := without.createAndSearch(bearer(without.issue("alice", []string{"read", "write"})), times); n != 0 {
		t.Errorf("without affinity %d of %d are found: the stand-in is no cluster", n, times)
	}
	with := newClusterBench(t, "OTHER", "NODE")
	for _, owner := range []string{"alice", "bob"} {
		if n := with.createAndSearch(bearer(with.issue(owner, []string{"read", "write"})), times); n != times {
			t.Errorf("%s found %d of %d", owner, n, times)
		}
		with.configure() // a change of settings moves nobody
	}
	for _, r := range with.jira.Received() {
		if cookie := r.Header.Get("Cookie"); cookie != "" && cookie != "NODE=one" && cookie != "NODE=two" {
			t.Errorf("Jira received the cookies %q", cookie)
		}
	}
}

func setCookie(lines ...string) http.Header { return http.Header{"Set-Cookie": lines} }

func (j *affinityJar) sent(token string, now time.Time) string {
	header := http.Header{}
	j.send(token, header, now)
	return header.Get("Cookie")
}

func TestTheJarKeepsWhatIsAllowed(t *testing.T) {
	now := time.Now()
	for name, tc := range map[string]struct {
		set  []string
		want string
	}{
		"one":             {[]string{"A=1; Path=/; HttpOnly"}, "A=1"},
		"both":            {[]string{"B=2", "A=1"}, "A=1; B=2"},
		"others":          {[]string{"JSESSIONID=s", "a=1", "A.x=1", "atlassian.xsrf.token=x"}, ""},
		"the last counts": {[]string{"A=1", "A=2"}, "A=2"},
		"taken back":      {[]string{"A=1", "B=2", "A=x; Max-Age=0"}, "B=2"},
		"emptied":         {[]string{"A=1", "A="}, ""},
		"too long":        {[]string{"A=" + strings.Repeat("x", maxAffinityValue+1)}, ""},
		"quoted":          {[]string{`A="1; JSESSIONID=s"`}, ""},
		"two in one":      {[]string{"A=1,JSESSIONID=s", "B=2 JSESSIONID=s"}, ""},
		"no cookie":       {[]string{"=x", "A", ";", "A=1\x00"}, ""},
	} {
		j := newAffinityJar([]string{"A", "B"})
		j.keep("token", setCookie(tc.set...), now)
		if got := j.sent("token", now); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
		if got := j.sent("another", now); got != "" {
			t.Errorf("%s: another token has %q", name, got)
		}
	}
}

func TestTheJarForgets(t *testing.T) {
	now := time.Now()
	j := newAffinityJar([]string{"A"})
	j.keep("token", setCookie("A=1"), now)
	if got := j.sent("token", now.Add(affinityFor)); got != "" {
		t.Errorf("still %q", got)
	}
	for n := range maxAffinityTokens + 10 {
		j.keep(strconv.Itoa(n), setCookie("A=1"), now)
	}
	if len(j.tokens) > maxAffinityTokens {
		t.Errorf("%d tokens", len(j.tokens))
	}
	if last := strconv.Itoa(maxAffinityTokens + 9); j.sent(last, now) != "A=1" {
		t.Error("the newest is not among them")
	}
	j.keep("later", setCookie("A=1"), now.Add(affinityFor))
	if len(j.tokens) != 1 {
		t.Errorf("%d tokens of which the time is over", len(j.tokens)-1)
	}
}

// TestATokenLeavesANodeThatIsDown: a balancer that insists on the cookie's node answers 503 until the cookie is gone.
func TestATokenLeavesANodeThatIsDown(t *testing.T) {
	b := newClusterBench(t, "NODE")
	tok := bearer(b.issue("alice", []string{"read"}))
	cookie := func() string {
		b.send("GET", myself, tok)
		return b.jira.Last().Header.Get("Cookie")
	}
	if first, second := cookie(), cookie(); first != "" || second == "" {
		t.Fatalf("%q, then %q", first, second)
	}
	remove := b.jira.Fault(jiratest.Fault{Status: http.StatusServiceUnavailable, OmitUserName: true})
	b.send("GET", myself, tok)
	remove()
	if got := cookie(); got != "" {
		t.Errorf("still %q", got)
	}
}

// TestAnotherJiraHasNoneOfTheCookies: what one load balancer set is not sent to another.
func TestAnotherJiraHasNoneOfTheCookies(t *testing.T) {
	b := newClusterBench(t, "NODE")
	tok := bearer(b.issue("alice", []string{"read"}))
	b.send("GET", myself, tok)
	b.config.Jira.URL = strings.Replace(b.config.Jira.URL, "127.0.0.1", "localhost", 1)
	b.configure()
	b.send("GET", myself, tok)
	if cookie := b.jira.Last().Header.Get("Cookie"); cookie != "" {
		t.Errorf("sent %q", cookie)
	}
}

// TestAnAnswerForSomebodyElseSetsNothing: only what is proved to be the owner's is believed.
func TestAnAnswerForSomebodyElseSetsNothing(t *testing.T) {
	j := newAffinityJar([]string{"NODE"})
	x := &exchange{settings: &Settings{affinity: j}, start: time.Now()}
	x.record.Owner, x.record.UID = "alice", "token"
	header := setCookie("NODE=evil")
	header["X-Ausername"] = []string{"bob"}
	request := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	request = request.WithContext(withExchange(t.Context(), x))
	err := modifyResponse(&http.Response{StatusCode: http.StatusOK, Header: header, Request: request})
	if err == nil || j.sent("token", x.start) != "" {
		t.Errorf("%v, %q", err, j.sent("token", x.start))
	}
}

func TestSessionsAreNoAffinityCookies(t *testing.T) {
	b := newBench(t)
	for name, good := range map[string]bool{
		"AWSALB": true, "INGRESSCOOKIE": true, "SERVERID": true, "BIGipServer~pool": false, "route": true,
		"JSESSIONID": false, "jsessionid": false, "seraph.rememberme.cookie": false, "crowd.token_key": false,
		"atlassian.xsrf.token": false, "": false, "a b": false, "a=b": false, "a;b": false,
	} {
		config := *b.config
		config.AffinityCookies = []string{name}
		if _, err := gatewayconfig.Encode(&config); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}
