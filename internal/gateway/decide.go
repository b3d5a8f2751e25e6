// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"errors"
	"net/http"

	"github.com/jiratokens/jira-token-operator/internal/impersonate"
)

// decide runs the steps that need nothing but the head of the request, in the order of the design.
func (h *Handler) decide(x *exchange) (refusal *Refusal) {
	x.address = x.request.Peer
	if refusal := h.checkKnowledge(x); refusal != nil {
		return refusal
	}
	if refusal := checkConnection(x.settings, &x.request); refusal != nil {
		return refusal
	}
	if refusal := checkBounds(&x.request); refusal != nil {
		return refusal
	}
	if x.segments, refusal = canonicalise(x.settings.contextPath, &x.request); refusal != nil {
		return refusal
	}
	x.address = clientAddress(x.settings, &x.request)
	if x.credential, refusal = classify(&x.request, x.segments, x.settings.personal != nil); refusal != nil {
		return refusal
	}
	x.header = strippedHeader(x.request.Header, x.settings.identityHeaders)
	delete(x.header, x.settings.addressHeader)
	if x.credential.kind == gatewayToken {
		if refusal := checkParameters(x.request.RawQuery, "query"); refusal != nil {
			return refusal
		}
	}
	if refusal := h.judge(x); refusal != nil {
		return refusal
	}
	if x.personal.class != "" {
		return x.settings.checkTransport()
	}
	return x.settings.checkUsable()
}

// judge is step 6. A rate limit that is used up goes before every other refusal that a token's holder could read.
func (h *Handler) judge(x *exchange) (refusal *Refusal) {
	if x.credential.kind != gatewayToken && x.settings.personal != nil {
		return h.limitRefused(x, judgePersonal(x))
	}
	x.record, x.known, refusal = authenticate(h.grants, x.settings, &x.credential, x.start)
	if !x.known {
		return h.limitFailures(x, refusal)
	}
	if refusal == nil {
		x.operation = x.settings.classify(x.request.Method, x.segments, x.request.RawQuery)
		refusal = authorise(&x.record, x.request.Header, x.address, &x.operation)
	}
	if exceeded := h.limitRate(x); exceeded != nil {
		return exceeded
	}
	return refusal
}

// soon is for Retry-After, in seconds.
const soon = 5

// checkKnowledge refuses everything while the gateway knows too little to decide.
func (h *Handler) checkKnowledge(x *exchange) *Refusal {
	switch {
	case x.settings == nil || !h.freshness.Ready():
		return &Refusal{
			Status: http.StatusServiceUnavailable, Reason: reasonUnconfigured, RetryAfter: soon,
			Message: "the gateway has no configuration yet",
		}
	case h.freshness.Age(x.start) > x.settings.maxStaleness:
		return &Refusal{
			Status: http.StatusServiceUnavailable, Reason: reasonStale, RetryAfter: soon,
			Message: "the gateway has not heard from the Kubernetes API for longer than the policy allows (maxStaleness)",
		}
	}
	return nil
}

// impersonateOwner is step 7, after the last look at what the client sent: a form.
func impersonateOwner(x *exchange) (refusal *Refusal) {
	x.outgoing = impersonate.Outgoing{
		Method: x.request.Method, Path: x.request.Path, RawQuery: withoutHint(x.request.RawQuery), Header: x.header,
	}
	if x.body != nil && isForm(x.header) {
		if x.outgoing.Form, refusal = readForm(x.body, x.request.ContentLength); refusal != nil {
			return refusal
		}
	}
	setForwarded(x)
	x.settings.affinity.send(x.record.UID, x.header, x.start)
	err := x.settings.impersonator.Apply(&x.outgoing, x.record.Owner)
	var missing *impersonate.MissingCredentialError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &missing):
		return impersonationFailure(missing.Error())
	default:
		return impersonationFailure("the gateway could not act as the token's owner; an administrator must look at its impersonation")
	}
}

// setForwarded says where a request comes from. What the client said of that is gone.
func setForwarded(x *exchange) {
	x.header["X-Forwarded-For"] = []string{knownAddress(x).String()}
	x.header["X-Forwarded-Proto"] = []string{x.settings.scheme}
	x.header["X-Forwarded-Host"] = []string{x.settings.host}
}
