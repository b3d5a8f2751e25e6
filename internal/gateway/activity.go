// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"crypto/x509"

	"github.com/jiratokens/jira-token-operator/internal/activity"
	"github.com/jiratokens/jira-token-operator/internal/gateway/reporter"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/precision"
)

// activitySettings are how exactly the use of tokens is reported, and to whom.
type activitySettings struct {
	target                       reporter.Target
	times, addresses, userAgents string
}

// compileActivity warns and does without where the manager can't be reported to: nothing else depends on it.
func (s *Settings) compileActivity(cfg *gatewayconfig.Activity) {
	if cfg == nil {
		return
	}
	if !x509.NewCertPool().AppendCertsFromPEM([]byte(cfg.CA)) {
		s.warnings = append(s.warnings, "the use of tokens is not reported: activity.ca has no certificate")
		return
	}
	s.activity = &activitySettings{
		target: reporter.Target{URL: cfg.URL, CA: cfg.CA},
		times:  cfg.Times, addresses: cfg.Addresses, userAgents: cfg.UserAgents,
	}
}

// ActivityTarget is whom the use of tokens is to be reported to; ok is false if nobody wants to know.
func (h *Handler) ActivityTarget() (target reporter.Target, ok bool) {
	s := h.settings.Load()
	if s == nil || s.activity == nil {
		return reporter.Target{}, false
	}
	return s.activity.target, true
}

// countActivity counts what a token was used for. A refusal counts only if the caller held the token, or anybody could make
// others look as if they did. Nothing more exact than the policy wants leaves the request.
func (h *Handler) countActivity(x *exchange, o outcome) {
	if h.activity == nil || !x.known || x.settings == nil || x.settings.activity == nil {
		return
	}
	s := x.settings.activity
	at := precision.Time(x.start, s.times).Unix()
	switch {
	case x.forwarded:
		h.activity.Used(x.record.UID, activity.Seen{
			At: at, Address: precision.Address(knownAddress(x), s.addresses), UserAgent: s.userAgent(x.request.Header.Get("User-Agent")),
		}, x.start)
	case o.decision == "refused":
		h.activity.Refused(x.record.UID, o.reason, at, x.start)
	}
}

func (s *activitySettings) userAgent(text string) string {
	text = keptAgent(text, s.userAgents)
	return text[:min(len(text), maxAuditAgent)]
}
