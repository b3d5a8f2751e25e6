// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

// TestMaxInFlight: what goes beyond is told to come back, places are given back however a request ends, and they go to
// the owner who has less.
func TestMaxInFlight(t *testing.T) {
	b := newBench(t, func(b *bench) { b.config.MaxInFlight, b.config.Replicas = 3, 2 }) // two for this one
	alice, alices, bob := b.issue("alice", []string{"read"}), b.issue("alice", []string{"read"}), b.issue("bob", []string{"read"})
	remove := b.jira.Fault(jiratest.Fault{Delay: 20 * time.Second})
	first, second := b.dial(), b.dial()
	for i, conn := range []io.Writer{first, second} {
		_, _ = io.WriteString(conn, "GET "+myself+" HTTP/1.1\r\nHost: x\r\n"+bearer([]string{alice, alices}[i])+"\r\n\r\n")
	}
	for len(b.jira.Received()) < 2 {
		time.Sleep(time.Millisecond)
	}
	remove()
	if held := b.handler.inFlight.Held(); held != 2 {
		t.Fatalf("%d are in flight", held)
	}
	for _, tok := range []string{bob, alice} {
		a := b.send("GET", myself, bearer(tok))
		if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") != "1" ||
			!strings.Contains(a.message(t), "try again") {
			t.Errorf("%d %v %s", a.StatusCode, a.Header, a.body)
		}
	}
	if a := b.send("GET", myself, bearer("jat_x")); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("what does not go to Jira: %d", a.StatusCode)
	}
	_ = first.Close() // the client goes away, and the place is free
	for b.handler.inFlight.Held() > 1 {
		time.Sleep(time.Millisecond)
	}
	if a := b.send("GET", myself, bearer(alice)); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("alice has her share while bob waits: %d %s", a.StatusCode, a.body)
	}
	if a := b.send("GET", myself, bearer(bob)); a.StatusCode != http.StatusOK {
		t.Errorf("bob: %d %s", a.StatusCode, a.body)
	}
	b.clock.SetTime(b.clock.Now().Add(time.Minute))
	if a := b.send("GET", myself, bearer(alice)); a.StatusCode != http.StatusOK {
		t.Errorf("nobody else wants it: %d %s", a.StatusCode, a.body)
	}
	_ = second.Close()
	for b.handler.inFlight.Held() > 0 {
		time.Sleep(time.Millisecond)
	}
	if lines := b.auditLines(8); lines[0].Reason != reasonInFlight || lines[0].Decision != "failed" || lines[0].Owner != "bob" {
		t.Errorf("%+v", lines[0])
	}
}

// TestConcurrentRequestsOfAToken: those of another token of the same owner do not count.
func TestConcurrentRequestsOfAToken(t *testing.T) {
	b := newBench(t, func(b *bench) { b.config.Replicas, b.config.MaxInFlight = 2, 20 })
	edit := func(c *grant.Credential) {
		c.Grant.RateLimit = &grant.RateLimit{Requests: 1000, Period: time.Minute, Burst: 1000, Concurrent: 1}
	}
	tok, other := bearer(b.issue("alice", []string{"read"}, edit)), bearer(b.issue("alice", []string{"read"}, edit))
	remove := b.jira.Fault(jiratest.Fault{Delay: 20 * time.Second})
	slow := b.dial()
	_, _ = io.WriteString(slow, "GET "+myself+" HTTP/1.1\r\nHost: x\r\n"+tok+"\r\n\r\n")
	for len(b.jira.Received()) == 0 {
		time.Sleep(time.Millisecond)
	}
	remove()
	a := b.send("GET", myself, tok)
	if a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") != "1" || a.Header.Get("X-Ratelimit-Limit") != "500" ||
		!strings.Contains(a.message(t), "as it may (1)") {
		t.Errorf("%d %v %s", a.StatusCode, a.Header, a.body)
	}
	if a := b.send("GET", myself, other); a.StatusCode != http.StatusOK {
		t.Errorf("another token: %d %s", a.StatusCode, a.body)
	}
	_ = slow.Close()
	for b.handler.inFlight.Held() > 0 {
		time.Sleep(time.Millisecond)
	}
	if a := b.send("GET", myself, tok); a.StatusCode != http.StatusOK {
		t.Errorf("its request has ended: %d %s", a.StatusCode, a.body)
	}
	if line := b.auditLines(4)[0]; line.Reason != reasonConcurrent || line.Decision != "refused" {
		t.Errorf("%+v", line)
	}
}

// TestWrongTokensAreBounded for a network, in answers and in lines of the log; who has a token is not concerned.
func TestWrongTokensAreBounded(t *testing.T) {
	b := newBench(t, func(b *bench) { b.config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	tok := b.issue("alice", []string{"read"})
	ask := func(from, credential string) answer {
		lines := []string{"X-Forwarded-For: " + from}
		if credential != "" {
			lines = append(lines, bearer(credential))
		}
		return b.send("GET", myself, lines...)
	}
	const wrong = "jat_000000000000_wrong"
	for n := range failureBurst {
		if a := ask("192.0.2."+string(rune('1'+n%9)), wrong); a.StatusCode != http.StatusUnauthorized {
			t.Fatalf("%d: %d %s", n, a.StatusCode, a.body)
		}
	}
	for range 20 {
		a := ask("192.0.2.200", wrong)
		if a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") != "1" || a.Header.Get("X-RateLimit-Limit") != "" {
			t.Fatalf("%d %v %s", a.StatusCode, a.Header, a.body)
		}
	}
	for name, c := range map[string]struct {
		from, credential string
		status           int
	}{
		"a known token":        {"192.0.2.200", tok, http.StatusOK},
		"no credential":        {"192.0.2.200", "", http.StatusUnauthorized},
		"another network":      {"192.0.3.1", wrong, http.StatusUnauthorized},
		"IPv6":                 {"2001:db8::1", wrong, http.StatusUnauthorized},
		"the same, as IPv6":    {"::ffff:192.0.2.7", wrong, http.StatusTooManyRequests},
		"no address of client": {"unknown", wrong, http.StatusUnauthorized},
	} {
		if slots := b.handler.failures; c.status == http.StatusUnauthorized && c.credential != "" && c.from != "unknown" &&
			slots.slot(netip.MustParseAddr(c.from)) == slots.slot(netip.MustParseAddr("192.0.2.1")) {
			c.status = http.StatusTooManyRequests // by chance, they share a budget
		}
		if a := ask(c.from, c.credential); a.StatusCode != c.status {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
	b.auditLines(failureBurst + 3)
	for _, line := range b.auditLines(failureBurst + 3) {
		if line.Status == http.StatusTooManyRequests {
			t.Errorf("%+v", line)
		}
	}
	b.clock.SetTime(b.clock.Now().Add(failureEvery))
	for _, status := range []int{http.StatusUnauthorized, http.StatusTooManyRequests} {
		if a := ask("192.0.2.1", wrong); a.StatusCode != status {
			t.Errorf("after a while: %d, want %d", a.StatusCode, status)
		}
	}
}

func TestNetworksOfFailures(t *testing.T) {
	l := newFailureLimit(time.Now())
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1", "192.0.2.255", true},
		{"192.0.2.1", "192.0.3.1", false},
		{"192.0.2.1", "::ffff:192.0.2.9", true},
		{"2001:db8::1", "2001:db8::ffff:1", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
	} {
		if same := networkOf(netip.MustParseAddr(c.a)) == networkOf(netip.MustParseAddr(c.b)); same != c.same {
			t.Errorf("%s and %s: %v", c.a, c.b, same)
		}
	}
	address, now := netip.MustParseAddr("192.0.2.1"), time.Now()
	if n := testing.AllocsPerRun(100, func() { l.take(address, now) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestAdmittingAllocatesNothing, with a limit and without, for a token and for a password.
func TestAdmittingAllocatesNothing(t *testing.T) {
	for _, most := range []int32{0, 10} {
		b := newBench(t, func(b *bench) { b.config.MaxInFlight = most })
		x := &exchange{settings: b.handler.settings.Load(), start: b.clock.Now()}
		x.address, x.personal.class = netip.MustParseAddr("192.0.2.1"), classBasic
		if n := testing.AllocsPerRun(100, func() {
			if b.handler.admit(x) == nil {
				b.handler.leave(x)
			}
		}); n > 0 {
			t.Errorf("%d, a password: %v allocations", most, n)
		}
		x.personal.class = ""
		x.record.Owner, x.record.UID, x.known = "alice", "uid", true
		x.record.RateLimit.Concurrent = most
		if n := testing.AllocsPerRun(100, func() {
			if b.handler.admit(x) == nil {
				b.handler.leave(x)
			}
		}); n > 0 {
			t.Errorf("%d: %v allocations", most, n)
		}
	}
}

func TestMaxInFlightIsChecked(t *testing.T) {
	b := newBench(t)
	config := *b.config
	config.MaxInFlight = -1
	if _, err := gatewayconfig.Encode(&config); err == nil || !strings.Contains(err.Error(), "maxInFlight -1") {
		t.Error(err)
	}
}
