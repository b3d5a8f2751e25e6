// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/netip"
	"time"
)

// auditLine is what stays of a request. It holds no token, no hash, no query. docs/audit.md describes every field.
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

	Method    string `json:"method,omitempty"`
	Path      string `json:"path,omitempty"`
	Operation string `json:"operation,omitempty"`
	Status    int    `json:"status"`

	UpstreamStatus int     `json:"upstreamStatus,omitempty"`
	BytesReceived  int64   `json:"bytesReceived"`
	BytesSent      int64   `json:"bytesSent"`
	Milliseconds   float64 `json:"milliseconds"`
	UpstreamMillis float64 `json:"upstreamMilliseconds,omitempty"`

	Address       string `json:"address,omitempty"`
	UserAgent     string `json:"userAgent,omitempty"`
	JiraRequestID string `json:"jiraRequestID,omitempty"`
	JiraUser      string `json:"jiraUser,omitempty"`

	// Suppressed makes it a line about so many requests that have none of their own.
	Suppressed int64 `json:"suppressed,omitempty"`

	reserved bool // its room was reserved before the request went to Jira
}

const (
	maxAuditPath  = 512
	maxAuditAgent = 256
	maxAuditField = 128

	auditTime = "2006-01-02T15:04:05.000Z07:00"
)

func newAuditLine(x *exchange, w *response, o outcome, elapsed time.Duration, received int64) auditLine {
	privacy := privacyOf(x.settings)
	line := auditLine{
		Time: x.start.UTC().Format(auditTime), Decision: o.decision, Reason: o.reason,
		Method: bounded(x.request.Method, maxAuditField), Path: auditPath(x.request.Path), Operation: x.operation.Name,
		Status: w.status, UpstreamStatus: x.upstreamStatus, BytesReceived: received, BytesSent: w.bytes,
		Milliseconds: milliseconds(elapsed), UpstreamMillis: milliseconds(x.upstream),
		Address: privacy.address(knownAddress(x)), UserAgent: privacy.userAgent(x.request.Header.Get("User-Agent")),
		JiraRequestID: bounded(x.jiraRequestID, maxAuditField), JiraUser: bounded(x.jiraUser, maxAuditField),
		reserved: x.reserved,
	}
	line.CredentialClass = string(x.personal.class)
	if o.decision == "audit" {
		line.WouldBeStatus = x.personal.refusal.Status
	}
	line.identify(x)
	return line
}

// identify says whose token it was: for certain where the caller proved to hold one, otherwise by what it claimed.
func (l *auditLine) identify(x *exchange) {
	switch {
	case x.known:
		l.TokenID, l.Owner = x.record.ID, x.record.Owner
		l.ApiToken = x.record.Namespace + "/" + x.record.Name
		if inToken := x.credential.token.ID(); inToken != x.record.ID {
			l.ClaimedID = inToken
		}
	case x.refusal != nil && x.refusal.LeakedID != "":
		l.ClaimedID = x.refusal.LeakedID
	case x.credential.kind == gatewayToken:
		l.ClaimedID = bounded(x.credential.token.ID(), maxAuditField)
	}
}

// proved tells whether a line is about a caller who proved to hold a token, and who keeps to its rate limit, or about a
// request that had room reserved. All others can make any number of lines.
func (l *auditLine) proved() bool {
	return l.reserved || l.TokenID != "" && l.Reason != reasonRate && l.Reason != reasonAudit
}

// knownAddress is the client's address, or the peer where X-Forwarded-For has something in it that is no address.
func knownAddress(x *exchange) netip.Addr {
	if x.address.IsValid() {
		return x.address
	}
	return x.request.Peer
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
