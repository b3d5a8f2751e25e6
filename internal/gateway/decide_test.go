// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

func TestStatesOfATokenReadExactlyWhy(t *testing.T) {
	b := newBench(t, func(b *bench) {
		b.config.Deny = gatewayconfig.Deny{Owners: []string{"Bob"}, Namespaces: []string{"bad"}, Tokens: []string{"dev/denied"}}
	})
	now := b.clock.Now()
	past, next := now.Add(-time.Second), now.Add(time.Second)
	for name, tc := range map[string]struct {
		owner string
		edit  func(*grant.Credential)
		says  string
	}{
		"active":            {"alice", func(*grant.Credential) {}, ""},
		"expires later":     {"alice", func(c *grant.Credential) { c.ExpiresAt, c.RetireAt = &next, &next }, ""},
		"expired":           {"alice", func(c *grant.Credential) { c.ExpiresAt = &past }, "expired at " + past.UTC().Format(time.RFC3339)},
		"expires right now": {"alice", func(c *grant.Credential) { c.ExpiresAt = &now }, "expired at"},
		"retired":           {"alice", func(c *grant.Credential) { c.RetireAt = &past }, "replaced by a newer one"},
		"blocked": {"alice", func(c *grant.Credential) {
			c.State, c.BlockedReason = grant.Blocked, "the token is suspended"
		}, "blocked: the token is suspended"},
		"blocked, no reason": {"alice", func(c *grant.Credential) { c.State = grant.Blocked }, "no reason was given"},
		"owner denied":       {"BOB", func(*grant.Credential) {}, "denies this token by its owner"},
		"namespace denied":   {"alice", func(c *grant.Credential) { c.Token.Namespace = "bad" }, "by its namespace"},
		"token denied":       {"alice", func(c *grant.Credential) { c.Token.Name = "denied" }, "by its name"},
	} {
		tok := b.issue(tc.owner, []string{"read"}, tc.edit)
		a := b.send("GET", myself, bearer(tok))
		if tc.says == "" {
			if a.StatusCode != http.StatusOK {
				t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
			}
			continue
		}
		if a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.message(t), tc.says) {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
		if got := fmt.Sprint(a.Header["Www-Authenticate"]); !strings.Contains(got, "Bearer realm") || !strings.Contains(got, "Basic realm") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestExpiryFollowsTheClock: nothing else has to happen.
func TestExpiryFollowsTheClock(t *testing.T) {
	b := newBench(t)
	at := b.clock.Now().Add(time.Minute)
	tok := bearer(b.issue("alice", []string{"read"}, func(c *grant.Credential) { c.ExpiresAt = &at }))
	for _, step := range []struct {
		now    time.Time
		status int
	}{{at.Add(-time.Nanosecond), 200}, {at, 401}, {at.Add(-time.Second), 200}} {
		b.clock.SetTime(step.now)
		if a := b.send("GET", myself, tok); a.StatusCode != step.status {
			t.Errorf("%v: %d %s", step.now, a.StatusCode, a.body)
		}
	}
}

func TestLimitsSayWhich(t *testing.T) {
	b := newBench(t)
	for name, tc := range map[string]struct {
		scopes         []string
		ranges         []string
		method, target string
		status         int
		says           string
	}{
		"read reads":               {[]string{"read"}, nil, "GET", myself, 200, ""},
		"read searches by POST":    {[]string{"read"}, nil, "POST", "/jira/rest/api/2/search", 200, ""},
		"read does not write":      {[]string{"read"}, nil, "POST", "/jira/rest/api/2/issue", 403, "(create issue) needs the scope write:issue or write; the token has only read"},
		"write does not read":      {[]string{"write"}, nil, "GET", myself, 403, "needs the scope read:user or read"},
		"admin does not read":      {[]string{"admin"}, nil, "GET", myself, 403, "needs the scope read"},
		"admin needs its scope":    {[]string{"read", "write"}, nil, "GET", "/jira/rest/api/2/reindex", 403, "needs the scope admin:system or admin; the token has only read, write"},
		"a finer scope":            {[]string{"read:issue"}, nil, "GET", "/jira/rest/api/2/issue/DEMO-1", 200, ""},
		"and nothing else":         {[]string{"write:comment"}, nil, "PUT", "/jira/rest/api/2/issue/DEMO-1", 403, "needs the scope write:issue or write; the token has only write:comment"},
		"a part of admin":          {[]string{"admin:user", "read"}, nil, "GET", "/jira/rest/api/2/reindex", 403, "needs the scope admin:system or admin; the token has only read, admin:user"},
		"what no finer scope has":  {[]string{"write:comment"}, nil, "POST", "/jira/rest/api/2/unheard/of", 403, "(change) needs the scope write; the token"},
		"unknown REST modules":     {[]string{"read", "write"}, nil, "GET", "/jira/rest/some-app/1.0/x", 403, "not known to be safe for read and write) needs the scope admin"},
		"updateHistory":            {[]string{"read"}, nil, "GET", "/jira/rest/api/2/issue/DEMO-1?updateHistory=true", 403, "write"},
		"address inside":           {[]string{"read"}, []string{"10.0.0.0/8", "127.0.0.0/8"}, "GET", myself, 200, ""},
		"address outside":          {[]string{"read"}, []string{"10.0.0.0/8"}, "GET", myself, 403, "may not be used from 127.0.0.1"},
		"address before operation": {[]string{"read"}, []string{"10.0.0.0/8"}, "GET", "/jira/rest/pat/latest/tokens", 403, "127.0.0.1"},
	} {
		tok := bearer(b.issue("alice", tc.scopes, from(tc.ranges...)))
		body := ""
		if tc.method == "POST" {
			body = "{}"
		}
		a := b.sendBody(tc.method, tc.target, body, tok, "Content-Type: application/json")
		if a.StatusCode != tc.status {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
		if tc.says != "" {
			if message := a.message(t); !strings.Contains(message, tc.says) || a.Header.Get("X-Authentication-Denied-Reason") != message {
				t.Errorf("%s: %s %v", name, message, a.Header)
			}
		}
	}
}

// TestUnknownAndWrongAreTheSame: nobody learns from an answer whether a token's public part exists.
func TestUnknownAndWrongAreTheSame(t *testing.T) {
	b := newBench(t)
	known := b.issue("alice", []string{"read"})
	forged := known[:16] + unknownToken[16:len(unknownToken)-6]
	forged += checksumFor(forged)
	first, second := b.send("GET", myself, bearer(forged)), b.send("GET", myself, bearer(unknownToken))
	first.Header.Del("Date")
	second.Header.Del("Date")
	if first.StatusCode != http.StatusUnauthorized || first.body != second.body || fmt.Sprint(first.Header) != fmt.Sprint(second.Header) {
		t.Errorf("%v %s\n%v %s", first.Header, first.body, second.Header, second.body)
	}
}

func TestNothingPassesWithoutKnowledge(t *testing.T) {
	b := newBench(t)
	tok := bearer(b.issue("alice", []string{"read"}))
	admin := NewAdminHandler(b.handler, b.registry)
	for _, step := range []struct {
		age    time.Duration
		ready  bool
		status int
		says   string
	}{
		{0, false, 503, "no configuration yet"}, {time.Hour, true, 200, ""}, {time.Hour + 1, true, 503, "maxStaleness"}, {0, true, 200, ""},
	} {
		b.fresh.set(step.age, step.ready)
		a := b.send("GET", myself, tok)
		if a.StatusCode != step.status || a.Close || step.says != "" && !strings.Contains(a.message(t), step.says) {
			t.Errorf("%+v: %d %s", step, a.StatusCode, a.body)
		}
		if got := get(admin, "/readyz").Code; got != step.status {
			t.Errorf("%+v: readyz %d", step, got)
		}
		if got := get(admin, "/healthz").Code; got != 200 {
			t.Errorf("healthz %d", got)
		}
	}
	b.handler.Drain()
	if got := get(admin, "/readyz"); got.Code != 503 || !strings.Contains(got.Body.String(), "draining") {
		t.Errorf("%d", got.Code)
	}
	if a := b.send("GET", myself, tok); a.StatusCode != http.StatusOK || !a.Close {
		t.Errorf("draining gateways go on serving, and end the connection: %d, closed: %t", a.StatusCode, a.Close)
	}
}

func get(h http.Handler, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, http.NoBody))
	return w
}

func TestAnUnconfiguredHandlerRefuses(t *testing.T) {
	h := New(Options{Grants: grant.NewTable(), Freshness: &fixedFreshness{}, Clock: newBench(t).clock})
	defer h.Close()
	if got := get(h, "/jira/rest/api/2/myself"); got.Code != 503 {
		t.Errorf("%d", got.Code)
	}
	if got := get(NewAdminHandler(h, prometheus.NewRegistry()), "/readyz"); got.Code != 503 {
		t.Errorf("%d", got.Code)
	}
}

func TestClientAddress(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, tc := range map[string]struct {
		trusted []netip.Prefix
		peer    string
		lines   []string
		want    string
	}{
		"no proxy":                {nil, "10.0.0.1", []string{"1.1.1.1"}, "10.0.0.1"},
		"peer is no proxy":        {trusted, "9.9.9.9", []string{"1.1.1.1"}, "9.9.9.9"},
		"one hop":                 {trusted, "10.0.0.1", []string{"1.1.1.1"}, "1.1.1.1"},
		"spoofed on the left":     {trusted, "10.0.0.1", []string{"6.6.6.6, 1.1.1.1"}, "1.1.1.1"},
		"through two proxies":     {trusted, "10.0.0.1", []string{"6.6.6.6, 1.1.1.1,10.0.0.2"}, "1.1.1.1"},
		"several lines":           {trusted, "10.0.0.1", []string{"6.6.6.6", "1.1.1.1", "10.0.0.2"}, "1.1.1.1"},
		"all trusted":             {trusted, "10.0.0.1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"no header":               {trusted, "10.0.0.1", nil, "10.0.0.1"},
		"garbage":                 {trusted, "10.0.0.1", []string{"1.1.1.1, unknown"}, "invalid IP"},
		"garbage after a proxy":   {trusted, "10.0.0.1", []string{"1.1.1.1, unknown, 10.0.0.2"}, "invalid IP"},
		"garbage left of it":      {trusted, "10.0.0.1", []string{"unknown, 1.1.1.1"}, "1.1.1.1"},
		"empty":                   {trusted, "10.0.0.1", []string{""}, "invalid IP"},
		"empty last line":         {trusted, "10.0.0.1", []string{"1.1.1.1", ""}, "invalid IP"},
		"empty line of a proxy":   {trusted, "10.0.0.1", []string{"1.1.1.1", "", "10.0.0.2"}, "invalid IP"},
		"empty first line":        {trusted, "10.0.0.1", []string{"", "1.1.1.1"}, "1.1.1.1"},
		"line of spaces":          {trusted, "10.0.0.1", []string{"1.1.1.1", " , "}, "invalid IP"},
		"list over two lines":     {trusted, "10.0.0.1", []string{"6.6.6.6, 1.1.1.1", "10.0.0.3, 10.0.0.2"}, "1.1.1.1"},
		"mapped proxy in between": {trusted, "10.0.0.1", []string{"1.1.1.1, ::ffff:10.0.0.2"}, "1.1.1.1"},
		"empty hop":               {trusted, "10.0.0.1", []string{"1.1.1.1,"}, "invalid IP"},
		"with port":               {trusted, "10.0.0.1", []string{"1.1.1.1:4711"}, "1.1.1.1"},
		"IPv6":                    {trusted, "fd00::1", []string{"2001:db8::1"}, "2001:db8::1"},
		"IPv6 with port":          {trusted, "fd00::1", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		"IPv4 written as IPv6":    {trusted, "::ffff:10.0.0.1", []string{"::ffff:1.1.1.1"}, "1.1.1.1"},
		"zone":                    {trusted, "10.0.0.1", []string{"fe80::1%eth0"}, "fe80::1"},
		"no proxy trusts nothing": {nil, "::1", []string{"1.1.1.1"}, "::1"},
	} {
		r := &Request{Header: http.Header{"X-Forwarded-For": tc.lines}, Peer: netip.MustParseAddr(tc.peer).Unmap()}
		if got := clientAddress(&Settings{trusted: tc.trusted, addressHeader: defaultAddressHeader}, r); got.String() != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

func TestSourceRangesAndTrustedProxies(t *testing.T) {
	b := newBench(t, func(b *bench) { b.config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} })
	tok := bearer(b.issue("alice", []string{"read"}, from("203.0.113.0/24")))
	for forwarded, status := range map[string]int{
		"203.0.113.7": 200, "6.6.6.6, 203.0.113.7": 200, "203.0.113.7, 6.6.6.6": 403, "x": 403,
	} {
		if a := b.send("GET", myself, tok, "X-Forwarded-For: "+forwarded); a.StatusCode != status {
			t.Errorf("%s: %d %s", forwarded, a.StatusCode, a.body)
		}
	}
	b.send("GET", myself, tok, "X-Forwarded-For: 6.6.6.6, 203.0.113.7")
	if got := b.jira.Last().Header["X-Forwarded-For"]; len(got) != 1 || got[0] != "203.0.113.7" {
		t.Errorf("%q", got)
	}
	// The proxy's own address, within the range, does not stand for a client that can't be read; the audit log has it.
	inside, anywhere := bearer(b.issue("alice", []string{"read"}, from("127.0.0.0/8"))), bearer(b.issue("alice", []string{"read"}))
	lines := 5
	for _, step := range []struct {
		token, forwarded string
		status           int
	}{{inside, "x", 403}, {inside, "6.6.6.6,", 403}, {inside, "127.0.0.1", 200}, {anywhere, "x", 200}} {
		b.auditLines(lines) // of the requests before: they are written when those are over
		lines++
		if a := b.send("GET", myself, step.token, "X-Forwarded-For: "+step.forwarded); a.StatusCode != step.status {
			t.Errorf("%+v: %d %s", step, a.StatusCode, a.body)
		}
		if line := b.auditLines(lines)[lines-1]; line.Address != "127.0.0.1" {
			t.Errorf("%+v: logged as %s", step, line.Address)
		}
	}
	// One header is believed, and the other one not any more; neither reaches Jira as it came.
	b.config.ClientAddressHeader = "x-real-ip"
	b.configure()
	for forwarded, status := range map[string]int{
		"X-Real-Ip: 203.0.113.7": 200, "x-real-ip: 203.0.113.7\r\nX-Forwarded-For: 6.6.6.6": 200,
		"X-Forwarded-For: 203.0.113.7": 403, "X_Real_Ip: 203.0.113.7": 403, "X-Real-Ip: 6.6.6.6\r\nX-Forwarded-For: 203.0.113.7": 403,
		"X-Real-Ip: 203.0.113.7\r\nX-Real-Ip: ": 403,
	} {
		if a := b.send("GET", myself, tok, forwarded); a.StatusCode != status {
			t.Errorf("%q: %d %s", forwarded, a.StatusCode, a.body)
		}
	}
	if got := b.jira.Last().Header; got.Get("X-Forwarded-For") != "203.0.113.7" || got["X-Real-Ip"] != nil {
		t.Errorf("%v", got)
	}
	b.config.ClientAddressHeader = "Client-Of-The-Cdn"
	b.configure()
	if a := b.send("GET", myself, tok, "Client-Of-The-CDN: 203.0.113.9"); a.StatusCode != http.StatusOK || b.jira.Last().Header["Client-Of-The-Cdn"] != nil {
		t.Errorf("%d %v", a.StatusCode, b.jira.Last().Header)
	}
	b.config.ClientAddressHeader = ""
	// Only trusted proxies are believed, and only that one header.
	b.config.TrustedProxies = nil
	b.configure()
	for _, line := range []string{
		"X-Forwarded-For: 203.0.113.7", "X_Forwarded_For: 203.0.113.7", "Forwarded: for=203.0.113.7", "X-Real-IP: 203.0.113.7",
		"X-Forwarded-Uri: /jira/rest/api/2/myself", "X-Forwarded-Proto: https",
	} {
		if a := b.send("GET", myself, tok, line); a.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d %s", line, a.StatusCode, a.body)
		}
	}
}
