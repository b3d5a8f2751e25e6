// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"net/http"

	"github.com/jiratokens/jira-token-operator/internal/gateway/inflight"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// admit comes last before a request is made the owner's: it keeps Jira from more requests at once than token and policy
// say. Requests with personal credentials have no token, and count as well.
func (h *Handler) admit(x *exchange) *Refusal {
	ofKind := h.admitToken
	if x.personal.class != "" {
		ofKind = h.admitPersonal
	}
	if refusal := ofKind(x); refusal != nil {
		return refusal
	}
	most := x.settings.maxInFlight
	if most == 0 {
		return nil
	}
	x.party = partyOf(x)
	if !h.inFlight.Take(x.party, most, x.start) {
		return &Refusal{
			Status: http.StatusServiceUnavailable, Reason: reasonInFlight, RetryAfter: overloadRetryAfter,
			Message: "Jira is working on as many requests as the policy lets through at once, or " + shareOf(x) +
				" has its share of them; try again",
		}
	}
	x.admitted = true
	return nil
}

// admitPersonal keeps a part of the requests that the gateway serves for tokens: anybody can send the others, slowly.
func (h *Handler) admitPersonal(x *exchange) *Refusal {
	x.admittedPersonal = true
	if h.personal.Add(1) <= maxPersonalRequests {
		return nil
	}
	return &Refusal{
		Status: http.StatusServiceUnavailable, Reason: reasonOverload, RetryAfter: overloadRetryAfter, Close: true,
		Message: "the gateway serves as many requests without an API token as it can just now; try again",
	}
}

// partyOf is who a request's place is counted for. A personal credential is proved to Jira only, so that it could name
// anybody; where it comes from can't be made up.
func partyOf(x *exchange) inflight.Party {
	if x.personal.class != "" {
		return inflight.Party{Network: networkOf(knownAddress(x))}
	}
	return inflight.Party{Owner: grant.FoldUser(x.record.Owner)}
}

func shareOf(x *exchange) string {
	if x.personal.class != "" {
		return "the network that this comes from"
	}
	return "the token's owner"
}

// maxOfOneToken is how many requests in progress a token may have that says nothing of it: half of what is served at once,
// so that slow bodies of one client keep nobody else out.
const maxOfOneToken = maxRequests / 2

func (h *Handler) admitToken(x *exchange) *Refusal {
	most := x.record.RateLimit.Share(x.settings.replicas).Concurrent
	if most == 0 {
		most = maxOfOneToken
	}
	if !x.known {
		return nil
	}
	if !h.perToken.Take(x.record.UID, int(most)) {
		return &Refusal{
			Status: http.StatusTooManyRequests, Reason: reasonConcurrent, RetryAfter: overloadRetryAfter,
			Message: fmt.Sprintf("the token has as many requests in progress here as it may (%d); wait for one to end", most),
		}
	}
	x.admittedToken = x.record.UID
	return nil
}

// leave is the other half of admit, also of one that was refused half-way.
func (h *Handler) leave(x *exchange) {
	if x.admittedToken != "" {
		h.perToken.Release(x.admittedToken)
	}
	if x.admittedPersonal {
		h.personal.Add(-1)
	}
	if x.admitted {
		h.inFlight.Release(x.party, h.clock.Now())
	}
}
