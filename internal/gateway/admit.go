// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// admit comes last before a request is made the owner's: it keeps Jira from more requests at once than the policy says.
func (h *Handler) admit(x *exchange) *Refusal {
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
	x.admitted = owner
	return nil
}

// leave is the other half of admit.
func (h *Handler) leave(x *exchange) {
	if x.admitted != "" {
		h.inFlight.Release(x.admitted, h.clock.Now())
	}
}
