// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/precision"
)

// TestAuditPrecision: what a line has of a client, for each precision; source ranges see all of an address all the same.
func TestAuditPrecision(t *testing.T) {
	const none, prefix, full = precision.None, precision.Prefix, precision.Full
	b := newBench(t, func(b *bench) { b.config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	tok := bearer(b.issue("alice", []string{"read"}, from("203.0.113.7/32", "2001:db8:1:2:3::/80")))
	n := 0
	for _, tc := range []struct {
		precision, from, agent string
		address, logged        string
	}{
		{"", "203.0.113.7", "python-requests/2.31.0", "203.0.113.7", "python-requests/2.31.0"},
		{full, "2001:db8:1:2:3::7", "Mozilla/5.0 (X11; Linux)", "2001:db8:1:2:3::7", "Mozilla/5.0 (X11; Linux)"},
		{prefix, "203.0.113.7", "python-requests/2.31.0", "203.0.113.0/24", "python-requests"},
		{prefix, "::ffff:203.0.113.7", "Mozilla/5.0 (X11; alice's laptop)", "203.0.113.0/24", "Mozilla"},
		{prefix, "2001:db8:1:2:3::7", "alice@corp.example 1", "2001:db8:1:2::/64", "alice"},
		{prefix, "203.0.113.7", "Zapier", "203.0.113.0/24", "Zapier"},
		{prefix, "203.0.113.7", "(alice)", "203.0.113.0/24", ""},
		{none, "203.0.113.7", "python-requests/2.31.0", "", ""},
		{none, "2001:db8:1:2:3::7", "x", "", ""},
	} {
		b.config.Audit = &gatewayconfig.Audit{Addresses: tc.precision, UserAgents: tc.precision}
		b.configure()
		if a := b.send("GET", myself, tok, "X-Forwarded-For: "+tc.from, "User-Agent: "+tc.agent); a.StatusCode != http.StatusOK {
			t.Errorf("%+v: %d %s", tc, a.StatusCode, a.body)
		}
		n++
		if line := b.auditLines(n)[n-1]; line.Address != tc.address || line.UserAgent != tc.logged {
			t.Errorf("%+v: %q %q", tc, line.Address, line.UserAgent)
		}
		if got := b.jira.Last().Header.Get("X-Forwarded-For"); got != strings.TrimPrefix(tc.from, "::ffff:") {
			t.Errorf("%+v: Jira is told %s", tc, got)
		}
	}
	if nobody := privacyOf(nil); nobody.address(netip.MustParseAddr("203.0.113.7")) != "" || nobody.userAgent("x") != "" {
		t.Error("without a policy something of clients is kept")
	}
}

// TestSecretsInPaths goes through the catalogue of them, in ways to write them that reach an audit line.
func TestSecretsInPaths(t *testing.T) {
	const secret = "53cr3t"
	for _, entry := range secretPaths {
		path := "/jira/" + entry.family + "/1.0/" + entry.marker + "/"
		if entry.family == "calendar" {
			path = "/jira/rest/calendar-services/1.0/" + entry.marker + "/"
		}
		for _, written := range []string{
			path + secret, path + secret + ".ics", path + "a/" + secret, strings.ToUpper(path) + secret, "/" + path + secret,
			strings.ReplaceAll(path, "/", "//") + secret, strings.Replace(path, entry.marker+"/", entry.marker+"%2f", 1) + secret,
			strings.Replace(path, entry.marker+"/", entry.marker+"%252F", 1) + secret,
			strings.Replace(path, entry.marker, "%"+hexOf(entry.marker[0])+entry.marker[1:], 1) + secret,
			strings.Replace(path, entry.marker, entry.marker+";a=b", 1) + secret,
			strings.Replace(path, entry.marker, entry.marker+"!default.jspa", 1) + secret,
			strings.Replace(path, entry.marker+"/", entry.marker+`\`, 1) + secret,
			"/%C4%B0" + path + secret, // a letter that gets longer in lower case
		} {
			got := auditPath(written)
			if strings.Contains(got, secret) || !strings.HasSuffix(got, redacted) {
				t.Errorf("%s: %s becomes %s", entry.what, written, got)
			}
		}
		if bare := strings.TrimSuffix(path, "/"); auditPath(bare) != bare {
			t.Errorf("%s became %s", bare, auditPath(bare))
		}
	}
	for written, want := range map[string]string{
		"/jira/rest/api/2/myself;jsessionid=53cr3t":           "/jira/rest/api/2/myself;jsessionid=[redacted]",
		"/jira/rest;JSESSIONID=53cr3t/api/2/myself":           "/jira/rest;JSESSIONID=[redacted]/api/2/myself",
		"/jira/x%3Bjsessionid%3D53cr3t":                       "/jira/x;jsessionid=[redacted]",
		"/jira/x/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.53cr3t": "/jira/x/[redacted]",
		"http://alice:53cr3t@jira.example/jira":               "[redacted]@jira.example/jira",
		"alice:53cr3t@jira.example:443":                       "[redacted]@jira.example:443",
		"/jira/rest/api/2/issue/DEMO-1/properties/hooks/a":    "/jira/rest/api/2/issue/DEMO-1/properties/hooks/a",
		"/jira/rest/api/2/user@x":                             "/jira/rest/api/2/user@x",
	} {
		if got := auditPath(written); got != want {
			t.Errorf("%s: %s, want %s", written, got, want)
		}
	}
}

func hexOf(b byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[b>>4], digits[b&15]})
}
