// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/internal/activity"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

const activeUID = "0d9c6f5e-6a0b-4e52-9a53-000000000001"

func withUID(uid string) func(*grant.Credential) {
	return func(c *grant.Credential) { c.Token.UID = types.UID(uid) }
}

// certificate is in PEM, of a server that is not asked.
func certificate(tb testing.TB) string {
	tb.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

// newActiveBench counts the use of tokens with the precisions.
func newActiveBench(tb testing.TB, times, addresses, agents string) *bench {
	tb.Helper()
	return newBench(tb, func(b *bench) {
		b.activity = activity.NewTable()
		b.config.Activity = &gatewayconfig.Activity{
			URL: "https://manager/activity", CA: certificate(tb), Times: times, Addresses: addresses, UserAgents: agents,
		}
	})
}

// counted is what the table has of the one token, once so many requests are over.
func (b *bench) counted(requests int) []activity.Taken {
	b.Helper()
	b.auditLines(requests) // which are written after the count
	return b.activity.Take(10, b.clock.Now().Add(time.Hour))
}

// mistyped is the token with another last character.
func mistyped(tok string) string {
	last := "x"
	if strings.HasSuffix(tok, last) {
		last = "y"
	}
	return tok[:len(tok)-1] + last
}

// TestActivityCounts: what was let through, what was refused, and by whom.
func TestActivityCounts(t *testing.T) {
	b := newActiveBench(t, "Minute", "Prefix", "Prefix")
	tok := b.issue("alice", []string{"read"}, withUID(activeUID))
	expired := b.issue("alice", []string{"read"}, withUID("0d9c6f5e-6a0b-4e52-9a53-000000000002"), func(c *grant.Credential) {
		c.ExpiresAt = new(b.clock.Now().Add(-time.Hour))
	})
	for _, target := range []string{"/jira/rest/api/2/myself", "/jira/rest/api/2/issue/DEMO-1", "/jira/rest/api/2/issue/NONE-1"} {
		b.send("GET", target, bearer(tok), "User-Agent: curl/8.5.0")
	}
	b.sendBody("POST", "/jira/rest/api/2/issue", "{}", bearer(tok), "Content-Type: application/json")
	b.send("GET", "/jira/rest/pat/latest/tokens", bearer(tok))
	b.send("GET", "/jira/rest/api/2/myself", bearer(expired))
	b.send("GET", "/jira/rest/api/2/myself", bearer(mistyped(tok)))               // nobody's
	b.send("GET", "/jira/rest/api/2/myself", bearer(unknownToken))                // nobody's
	b.send("GET", "/jira/rest/api/2/myself")                                      // nobody's
	b.send("GET", "/jira/rest/api/2/myself", "Authorization: "+basic("bob", tok)) // held, with a wrong name
	taken := b.counted(10)
	if len(taken) != 2 {
		t.Fatalf("%+v", taken)
	}
	if taken[0].Token != activeUID {
		taken[0], taken[1] = taken[1], taken[0]
	}
	u := taken[0].Use
	minute := b.clock.Now().Truncate(time.Minute).Unix()
	if u.Token != activeUID || u.Requests != 3 || u.LastUsed != minute || u.Address != "127.0.0.0/24" || u.UserAgent != "curl" {
		t.Errorf("%+v", u)
	}
	if fmt.Sprint(u.Refusals) != "[{scope 1} {never-reachable 1} {owner-mismatch 1}]" || u.LastRefused != minute {
		t.Errorf("%+v", u)
	}
	if u = taken[1].Use; u.Requests != 0 || u.LastUsed != 0 || u.Address != "" || fmt.Sprint(u.Refusals) != "[{expired 1}]" {
		t.Errorf("%+v", u)
	}
}

// TestActivityPrivacy: what the policy does not want leaves the request in no form, and a token in a user agent never does.
func TestActivityPrivacy(t *testing.T) {
	for _, c := range []struct{ times, addresses, agents, address, agent string }{
		{"Minute", "Full", "Full", "127.0.0.1", "curl/8.5.0 (x86)"},
		{"Hour", "Prefix", "Prefix", "127.0.0.0/24", "curl"},
		{"Day", "None", "None", "", ""},
	} {
		b := newActiveBench(t, c.times, c.addresses, c.agents)
		tok := b.issue("alice", []string{"read"}, withUID(activeUID))
		b.send("GET", "/jira/rest/api/2/myself", bearer(tok), "User-Agent: curl/8.5.0 (x86)")
		u := b.counted(1)[0].Use
		unit := map[string]time.Duration{"Minute": time.Minute, "Hour": time.Hour, "Day": 24 * time.Hour}[c.times]
		if u.Address != c.address || u.UserAgent != c.agent || u.LastUsed != b.clock.Now().Truncate(unit).Unix() {
			t.Errorf("%+v: %+v", c, u)
		}
	}
	b := newActiveBench(t, "Minute", "Full", "Full")
	tok := b.issue("alice", []string{"read"}, withUID(activeUID))
	b.send("GET", "/jira/rest/api/2/myself", bearer(tok), "User-Agent: "+strings.Repeat("long", 200))
	b.send("GET", "/jira/rest/api/2/myself", bearer(tok), "User-Agent: mine "+unknownToken)
	if taken := b.counted(2); strings.Contains(fmt.Sprintf("%+v", taken), unknownToken[:20]) || len(taken[0].UserAgent) > 256 {
		t.Errorf("%+v", taken)
	}
}

// TestActivityIsOff where the configuration says nothing of it, as one of an older manager, or can't be used; all else works.
func TestActivityIsOff(t *testing.T) {
	b := newActiveBench(t, "Minute", "Full", "Full")
	tok := b.issue("alice", []string{"read"}, withUID(activeUID))
	b.config.Activity.CA = "no certificate"
	b.configure()
	if !strings.Contains(b.logs.String(), "activity.ca has no certificate") {
		t.Error(b.logs.String())
	}
	if _, ok := b.handler.ActivityTarget(); ok {
		t.Error("reports go somewhere")
	}
	b.config.Activity = nil
	b.configure()
	if a := b.send("GET", "/jira/rest/api/2/myself", bearer(tok)); a.StatusCode != http.StatusOK {
		t.Errorf("%d", a.StatusCode)
	}
	if taken := b.counted(1); len(taken) != 0 {
		t.Errorf("%+v", taken)
	}
}

// BenchmarkActivity is what counting costs a request.
func BenchmarkActivity(b *testing.B) {
	g := newActiveBench(b, "Minute", "Prefix", "Prefix")
	tok := g.issue("alice", []string{"read"}, withUID(activeUID))
	r := httptest.NewRequest(http.MethodGet, "/jira/rest/api/2/issue/DEMO-1", http.NoBody)
	r.RemoteAddr = "127.0.0.1:4711"
	r.Header.Set("Authorization", "Bearer "+tok)
	r.Header.Set("User-Agent", "python-requests/2.32.3")
	x := &exchange{request: newRequest(r), settings: g.handler.settings.Load(), start: g.clock.Now()}
	if refusal := g.handler.decide(x); refusal != nil {
		b.Fatal(refusal)
	}
	x.forwarded = true
	b.ReportAllocs()
	for b.Loop() {
		g.handler.countActivity(x, outcome{"allowed", reasonAllowed})
	}
}
