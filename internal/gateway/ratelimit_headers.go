// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"strconv"
)

// The headers by which Jira Data Center tells its own rate limit, as net/http writes their names. Clients read all four
// once they have seen one: python3-jira fails over a 429 that lacks any.
const (
	headerRateLimit     = "X-Ratelimit-Limit"
	headerRateRemaining = "X-Ratelimit-Remaining"
	headerRateFill      = "X-Ratelimit-Fillrate"
	headerRateInterval  = "X-Ratelimit-Interval-Seconds"
)

// rateStatus is what those headers say: how many requests may be made at once, how many of them are left, and how many
// come back in each interval of so many seconds.
type rateStatus struct{ limit, remaining, fillRate, interval int }

// limited is false for the zero value: there is nothing to tell.
func (s *rateStatus) limited() bool { return s.interval > 0 }

func (s *rateStatus) write(header http.Header) {
	if !s.limited() {
		return
	}
	header[headerRateLimit] = []string{strconv.Itoa(s.limit)}
	header[headerRateRemaining] = []string{strconv.Itoa(s.remaining)}
	header[headerRateFill] = []string{strconv.Itoa(s.fillRate)}
	header[headerRateInterval] = []string{strconv.Itoa(s.interval)}
}

// readRateStatus reads what Jira says; it is not limited unless Jira says all of it.
func readRateStatus(header http.Header) rateStatus {
	var s rateStatus
	for _, field := range []struct {
		name string
		to   *int
	}{
		{headerRateLimit, &s.limit},
		{headerRateRemaining, &s.remaining},
		{headerRateFill, &s.fillRate},
		{headerRateInterval, &s.interval},
	} {
		value, err := strconv.Atoi(header.Get(field.name))
		if err != nil || value < 0 {
			return rateStatus{}
		}
		*field.to = value
	}
	return s
}

// mark tells a token's holder of the limit that is met first: the gateway's or Jira's own, which its 429 is about.
func (s *rateStatus) mark(status int, header http.Header) {
	if status == http.StatusTooManyRequests {
		return
	}
	if jira := readRateStatus(header); jira.limited() && jira.remaining <= s.remaining {
		return
	}
	s.write(header)
}
