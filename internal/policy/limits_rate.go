// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

func (l *limits) checkRateLimit(r *Request, f *findings) {
	switch {
	case l.rateLimit == nil:
	case r.RateLimit == nil:
		f.refuse("the token must have a rate limit: set spec.rateLimit to at most %s", formatRate(l.rateLimit))
	case !r.RateLimit.Within(*l.rateLimit):
		f.refuse("the token's rate limit is %s, the most is %s: set spec.rateLimit to at most that, for the average, "+
			"burst and concurrent alike", formatRate(r.RateLimit), formatRate(l.rateLimit))
	}
}

func formatRate(l *grant.RateLimit) string {
	text := fmt.Sprintf("{requests: %d, period: %s, burst: %d", l.Requests, FormatDuration(l.Period), l.Burst)
	if l.Concurrent > 0 {
		text += fmt.Sprintf(", concurrent: %d", l.Concurrent)
	}
	return text + "}"
}
