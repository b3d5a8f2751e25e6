// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/precision"
)

// nasty is what has been put into logs to make them say something else, to a program or on a screen.
var nasty = map[string]string{
	"another line":       "a\n{\"decision\":\"allowed\"}",
	"carriage return":    "a\r{\"decision\":\"allowed\"}",
	"end of JSON":        `a","decision":"allowed","x":"`,
	"backslash":          `a\`,
	"escape sequence":    "\x1b[2J\x1b[1;31mred\x07",
	"C1 control":         "\u009b2J\u0085",
	"NUL and DEL":        "a\x00b\x7f",
	"invalid UTF-8":      "a\xff\xc0\xaf\xed\xa0\x80",
	"cut within a rune":  strings.Repeat("a", 255) + "ü",
	"turned around":      "a\u202egnp.exe\u2066\u2069",
	"zero width":         "al\u200bi\u200dce\ufeff\u2060",
	"line separators":    "a\u2028b\u2029c",
	"tags":               "a\U000E0041\U000E0042",
	"private use":        "a\ue000\U000F0000",
	"soft hyphen":        "a\u00adb",
	"HTML":               "<script>alert(1)</script>",
	"honest letters too": "Zoë 東京 😀",
}

// TestNothingIsInjectedIntoTheLog sends each of them in everything of a request that a line repeats. Each line stays one
// line of JSON, with nothing in it that a terminal would obey or not show.
func TestNothingIsInjectedIntoTheLog(t *testing.T) {
	b := newBench(t, func(b *bench) {
		b.config.Personal = &gatewayconfig.Personal{Classes: []gatewayconfig.PersonalClass{{Class: "basic", Action: "Allow"}}}
	})
	tok := b.issue("alice", []string{"read"})
	for _, text := range nasty {
		for _, request := range []string{
			"GET " + myself + " HTTP/1.1\r\nHost: x\r\n" + bearer(tok) + "\r\nUser-Agent: " + text + "\r\n\r\n",
			"GET /jira/rest/api/2/issue/" + text + " HTTP/1.1\r\nHost: x\r\n" + bearer(tok) + "\r\n\r\n",
			"GET /jira/rest/api/2/issue/" + url.PathEscape(text) + " HTTP/1.1\r\nHost: x\r\n" + bearer(tok) + "\r\n\r\n",
			text + " " + myself + " HTTP/1.1\r\nHost: x\r\n" + bearer(tok) + "\r\n\r\n",
			"GET " + myself + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer jat_" + text + "\r\n\r\n",
			"GET " + myself + " HTTP/1.1\r\nHost: x\r\nAuthorization: " + basic(text, tok) + "\r\n\r\n",
			"GET " + myself + " HTTP/1.1\r\nHost: x\r\nAuthorization: " + basic(text, "x") + "\r\n\r\n",
			"GET " + myself + " HTTP/1.1\r\nHost: " + text + "\r\n" + bearer(tok) + "\r\n\r\n",
			"GET " + myself + " HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: " + text + "\r\n" + bearer(tok) + "\r\n\r\n",
		} {
			b.raw(request) // whatever the answer is: net/http refuses some by itself
		}
	}
	b.send("GET", myself, bearer(tok), "User-Agent: the last one")
	for !strings.Contains(b.audit.String(), "the last one") {
		b.auditLines(strings.Count(b.audit.String(), "\n"))
	}
	log := b.audit.String()
	checkLines(t, log)
	if len(b.auditLines(1)) < 60 || !strings.Contains(log, "Zoë 東京 😀") || !strings.Contains(log, `\u202e`) {
		t.Error("too little of it reached the log to mean anything")
	}
	checkLines(t, b.logs.String())
}

// checkLines: each line but those of the program's own log is JSON without a key twice, and all that is in it can be seen.
func checkLines(t *testing.T, log string) {
	t.Helper()
	for line := range strings.Lines(log) {
		text, whole := strings.CutSuffix(line, "\n")
		if !whole || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q", line)
		}
		if !strings.HasPrefix(text, `{"time"`) {
			continue
		}
		decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
		decoder.DisallowUnknownFields()
		var one auditLine
		if err := decoder.Decode(&one); err != nil || strings.Count(text, `"decision":`) != 1 {
			t.Errorf("%q: %v", line, err)
		}
		if l := one; len(l.Path) > maxAuditPath+3 || len(l.UserAgent) > maxAuditAgent+3 || len(l.Method) > maxAuditField+3 ||
			len(l.ClaimedID) > maxAuditField+3 {
			t.Errorf("a field is too long: %q", line)
		}
	}
}

// TestWhatJiraSaysIsNoLineOfItsOwn: a line has two headers of Jira's answer.
func TestWhatJiraSaysIsNoLineOfItsOwn(t *testing.T) {
	for name, text := range nasty {
		line := auditLine{JiraUser: bounded(text, maxAuditField), JiraRequestID: bounded(text, maxAuditField), Owner: bounded(text, maxAuditField)}
		encoded, err := line.encode()
		if err != nil {
			t.Fatal(err)
		}
		checkLines(t, string(encoded)+"\n")
		var back auditLine
		if err := json.Unmarshal(encoded, &back); err != nil || back.JiraUser != line.JiraUser {
			t.Errorf("%s: %q came back as %q (%v)", name, line.JiraUser, back.JiraUser, err)
		}
	}
}

// FuzzAuditLine: whatever a path and a user agent are, a line is one line, can be read back, and holds no token.
func FuzzAuditLine(f *testing.F) {
	for _, text := range nasty {
		f.Add(text, text)
	}
	f.Add("/jira/rest/cb-automation/latest/hooks/53cr3t", "x "+unknownToken)
	f.Add("/jira//%2568ooks/;jsessionid=x/"+unknownToken, "eyJhbGciOiJIUzI1NiJ9.e30.x")
	f.Fuzz(func(t *testing.T, path, agent string) {
		for _, kept := range []string{precision.None, precision.Prefix, precision.Full} {
			line := auditLine{Path: auditPath(path), UserAgent: privacy{userAgents: kept}.userAgent(agent)}
			encoded, err := line.encode()
			if err != nil {
				t.Fatal(err)
			}
			checkLines(t, string(encoded)+"\n")
			if holdsToken(string(encoded)) {
				t.Errorf("%s holds a token", encoded)
			}
			if len(line.Path) > maxAuditPath+len("…")*2 || kept == precision.None && line.UserAgent != "" {
				t.Errorf("%q %q", line.Path, line.UserAgent)
			}
		}
	})
}
