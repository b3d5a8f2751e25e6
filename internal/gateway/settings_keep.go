// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"reflect"
	"time"
)

// keepWhatWorked takes what can't be made of a configuration from the settings before: a Secret that is broken or gone
// for a moment must not take Jira from everybody. It does so for the same policy and, but for the certificate for clients,
// the same Jira only, and an identity only if it is meant to be made in the same way of the same Secret.
func (s *Settings) keepWhatWorked(before *Settings, now time.Time) {
	if before == nil || before.policyUID != s.policyUID {
		return
	}
	if warning := s.tls.keep(before.tls, now); warning != "" {
		s.warnings = append(s.warnings, warning)
	}
	s.store.keep(before.store)
	if *before.target != *s.target || before.baseURL != s.baseURL {
		return
	}
	s.upstream.keep(&before.upstream)
	if s.scopes == nil {
		s.scopes = before.scopes
	}
	if s.impersonator == nil && reflect.DeepEqual(before.impersonation, s.impersonation) {
		s.impersonator, s.accessTokens = before.impersonator, before.accessTokens
	}
}

const lacksUpstreamTLS = "a Secret for the connection to Jira (its CA bundle, or the gateway's client certificate) is " +
	"missing or can't be used"

// lacks says what there is nothing for, or nothing.
func (s *Settings) lacks() string {
	switch {
	case s.tls != nil && s.tls.lacks() != "":
		return s.tls.lacks()
	case s.upstream.key() == "":
		return lacksUpstreamTLS
	case s.impersonator == nil:
		return "a Secret that the policy's impersonation needs is missing or can't be used"
	}
	return ""
}

// checkUsable comes after everything that a token itself can be refused for.
func (s *Settings) checkUsable() *Refusal {
	lacks := s.lacks()
	if lacks == "" {
		return nil
	}
	return misconfigured(lacks + ". The token itself is fine")
}

// checkTransport is for requests that need no impersonation.
func (s *Settings) checkTransport() *Refusal {
	if s.upstream.key() != "" {
		return nil
	}
	return misconfigured(lacksUpstreamTLS)
}

func misconfigured(lacks string) *Refusal {
	return &Refusal{
		Status: http.StatusServiceUnavailable, Reason: reasonMisconfigured, RetryAfter: soon,
		Message: "the gateway can't forward to Jira: " + lacks + "; an administrator must look " +
			"at the TokenPolicy's status and the gateway's log",
	}
}
