// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"net/http"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// admit comes last before a request is made the owner's: it keeps Jira from more requests at once than token and policy
// say.
func (h *Handler) admit(x *exchange) *Refusal {
	if refusal := h.admitToken(x); refusal != nil {
		return refusal
	}
	most := x.settings.maxInFlight
	if most == 0 {
		return nil
	}
	owner := grant.FoldUser(x.record.Owner)
	if !h.inFlight.Take(owner, most, x.start) {
		return &Refusal{
			Status: http.StatusServiceUnavailable, Reason: reasonInFlight, RetryAfter: overloadRetryAfter,
			Message: "Jira is working on as many requests as the policy lets through at once, or the token's owner has its share " +
				"of them; try again",
		}
	}
	x.admittedOwner = owner
	return nil
}

func (h *Handler) admitToken(x *exchange) *Refusal {
	most := x.record.RateLimit.Share(x.settings.replicas).Concurrent
	if most == 0 {
		return nil
	}
	if !h.perToken.Take(x.record.UID, int(most)) {
		return &Refusal{
			Status: http.StatusTooManyRequests, Reason: reasonConcurrent, RetryAfter: overloadRetryAfter,
			Message: fmt.Sprintf("the token has %d requests in progress here, as many as it may; wait for one to end", most),
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
	if x.admittedOwner != "" {
		h.inFlight.Release(x.admittedOwner, h.clock.Now())
	}
}
