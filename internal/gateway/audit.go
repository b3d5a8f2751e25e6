// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"
)

// auditLine is what stays of a request. It holds no token, no hash, no query.
type auditLine struct {
	Time     string `json:"time"`
	Decision string `json:"decision"`
	Reason   string `json:"reason"`
	// CredentialClass is that of a personal credential. WouldBeStatus is what Enforce would have answered, if Audit let the
	// request through.
	CredentialClass string `json:"credentialClass,omitempty"`
	WouldBeStatus   int    `json:"wouldBeStatus,omitempty"`

	TokenID string `json:"tokenID,omitempty"`
	// ClaimedID is the id in a token that is not known, or that leaked and was not looked up: anyone can write one. And it
	// is that in a token that was made elsewhere, beside TokenID, which is derived from its hash.
	ClaimedID string `json:"claimedTokenID,omitempty"`
	Owner     string `json:"owner,omitempty"`
	ApiToken  string `json:"apiToken,omitempty"`

	Method    string `json:"method"`
	Path      string `json:"path"`
	Operation string `json:"operation,omitempty"`
	Status    int    `json:"status"`

	UpstreamStatus int     `json:"upstreamStatus,omitempty"`
	BytesReceived  int64   `json:"bytesReceived"`
	BytesSent      int64   `json:"bytesSent"`
	Milliseconds   float64 `json:"milliseconds"`
	UpstreamMillis float64 `json:"upstreamMilliseconds,omitempty"`

	Address       string `json:"address"`
	UserAgent     string `json:"userAgent,omitempty"`
	JiraRequestID string `json:"jiraRequestID,omitempty"`
	JiraUser      string `json:"jiraUser,omitempty"`
}

const (
	maxAuditPath  = 512
	maxAuditAgent = 256
	maxAuditField = 128
)

func newAuditLine(x *exchange, w *response, o outcome, elapsed time.Duration, received int64) auditLine {
	line := auditLine{
		Time: x.start.UTC().Format("2006-01-02T15:04:05.000Z07:00"), Decision: o.decision, Reason: o.reason,
		Method: bounded(x.request.Method, maxAuditField), Path: auditPath(x.request.Path), Operation: x.operation.Name,
		Status: w.status, UpstreamStatus: x.upstreamStatus, BytesReceived: received, BytesSent: w.bytes,
		Milliseconds: milliseconds(elapsed), UpstreamMillis: milliseconds(x.upstream),
		Address: knownAddress(x).String(), UserAgent: bounded(redactTokens(x.request.Header.Get("User-Agent")), maxAuditAgent),
		JiraRequestID: bounded(x.jiraRequestID, maxAuditField), JiraUser: bounded(x.jiraUser, maxAuditField),
	}
	line.CredentialClass = string(x.personal.class)
	if o.decision == "audit" {
		line.WouldBeStatus = x.personal.refusal.Status
	}
	switch {
	case x.known:
		line.TokenID, line.Owner = x.record.ID, x.record.Owner
		line.ApiToken = x.record.Namespace + "/" + x.record.Name
		if inToken := x.credential.token.ID(); inToken != x.record.ID {
			line.ClaimedID = inToken
		}
	case x.refusal != nil && x.refusal.LeakedID != "":
		line.ClaimedID = x.refusal.LeakedID
	case x.credential.kind == gatewayToken:
		line.ClaimedID = bounded(x.credential.token.ID(), maxAuditField)
	}
	return line
}

// waits tells whether a request may wait for room for its line: it is about a caller who proved to hold a token, and who
// keeps to its rate limit. All others can make any number of lines.
func (l *auditLine) waits() bool { return l.TokenID != "" && l.Reason != reasonRate }

// knownAddress is the client's address, or the peer where X-Forwarded-For has something in it that is no address.
func knownAddress(x *exchange) netip.Addr {
	if x.address.IsValid() {
		return x.address
	}
	return x.request.Peer
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// auditPath is the path as it was sent, without what must not be kept: tokens, and the secrets of incoming hooks, which
// are all there is to them (/rest/cb-automation/latest/hooks/<secret>). It works on paths that were refused as well: those
// with the session that servers write into addresses (;jsessionid=…), and whole URLs, which may have a password before the
// host.
func auditPath(raw string) string {
	const hooks, session = "/hooks/", "jsessionid"
	path := redactTokens(raw)
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		if at := strings.LastIndexByte(path, '@'); at >= 0 {
			path = "[redacted]" + path[at:]
		}
	}
	decoded := strings.ToLower(decodeFully(path))
	if i := strings.Index(decoded, session); i >= 0 {
		path = decoded[:i+len(session)] + "[redacted]"
		decoded = path
	}
	if i := strings.Index(decoded, hooks); i >= 0 && strings.Contains(decoded[:i], "automation") {
		path = decoded[:i+len(hooks)] + "[redacted]"
	}
	return bounded(path, maxAuditPath)
}

// bounded cuts text at a limit and makes it valid UTF-8; encoding/json escapes the rest. The result is always a copy: a
// line waits in a queue, and a part of a request's head would keep all of that head in memory.
func bounded(text string, limit int) string {
	more := ""
	if len(text) > limit {
		text, more = text[:limit], "…"
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "?")
	}
	return strings.Clone(text + more)
}
