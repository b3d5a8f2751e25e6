// SPDX-License-Identifier: Apache-2.0

// Package expiring says when people are to be warned of what ends.
package expiring

import "time"

// share of a short time, from its end, in which there is a warning: what lasts for a day is not about to end from its birth.
const share = 5

// From says from when on there is a warning of what lasts from one time to another: that long before its end, or in the last
// fifth of a time that is shorter than twice that.
func From(begin, end time.Time, before time.Duration) time.Time {
	if whole := end.Sub(begin); whole < 2*before {
		before = max(whole/share, 0)
	}
	return end.Add(-before)
}
