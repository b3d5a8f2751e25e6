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
	share := x.record.RateLimit.Share(x.settings.replicas)
	key := ratelimit.Key{UID: x.record.UID, Retired: isRetired(&x.record, x.start)}
	budget := h.limiter.Take(key, share, x.start)
	x.rate = rateStatus{
		limit: int(share.Burst), remaining: budget.Remaining, fillRate: int(share.Requests), interval: roundUp(share.Period),
	}
	if budget.Allowed {
		return nil
	}
	return &Refusal{
		Status: http.StatusTooManyRequests, Reason: reasonRate, RetryAfter: budget.RetryAfter,
		Message: fmt.Sprintf("the token has used up its rate limit of %s; try again in %d s",
			describeLimit(x.record.RateLimit, x.settings.replicas), budget.RetryAfter),
	}
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
