// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"net/http"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gateway/ratelimit"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// limitRate is the end of step 6. It counts every request of a known token, also one that was refused: a token that is
// blocked, or tried on what it may not do, makes no more work and audit lines than one that is used well.
func (h *Handler) limitRate(x *exchange) *Refusal {
	if x.record.RateLimit == (grant.RateLimit{}) {
		return nil
	}
	budget, limit, sharers := h.takeFromLimit(x)
	x.rate = rateStatus{
		limit: int(limit.Burst), remaining: budget.Remaining, fillRate: int(limit.Requests), interval: roundUp(limit.Period),
	}
	if budget.Allowed {
		return nil
	}
	return &Refusal{
		Status: http.StatusTooManyRequests, Reason: reasonRate, RetryAfter: budget.RetryAfter,
		Message: fmt.Sprintf("the token has used up its rate limit of %s; try again in %d s",
			describeLimit(x.record.RateLimit, sharers), budget.RetryAfter),
	}
}

// takeFromLimit counts a request in the store, where there is one, and returns the limit that was counted against: all of
// it, or this replica's share if so many count for themselves. A replica counts its share in any case: when the store
// goes away, nobody finds a fresh budget beside the one that it has used up.
func (h *Handler) takeFromLimit(x *exchange) (budget ratelimit.Budget, limit grant.RateLimit, sharers int32) {
	whole, share := x.record.RateLimit, x.record.RateLimit.Share(x.settings.replicas)
	key := ratelimit.Key{UID: x.record.UID, Retired: isRetired(&x.record, x.start)}
	own := h.limiter.Take(key, share, x.start)
	if counts := x.settings.countIn(); counts != nil {
		if budget, ok := counts.Take(key, whole, x.start); ok {
			return budget, whole, 1
		}
	}
	return own, share, x.settings.replicas
}

func describeLimit(limit grant.RateLimit, replicas int32) string {
	text := fmt.Sprintf("%d requests in %d s, %d at once", limit.Requests, roundUp(limit.Period), limit.Burst)
	if replicas > 1 {
		text += fmt.Sprintf(" (each of the gateway's %d replicas allows its share of that)", replicas)
	}
	return text
}

// roundUp gives whole seconds.
func roundUp(d time.Duration) int {
	seconds := int(d / time.Second)
	if d%time.Second > 0 {
		seconds++
	}
	return seconds
}
