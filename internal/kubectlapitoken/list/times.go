// SPDX-License-Identifier: Apache-2.0

package list

import (
	"regexp"
	"strconv"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// day is what people mean by d; a week has seven of them.
const day = 24 * time.Hour

var daysOrWeeks = regexp.MustCompile(`^(\d{1,5})([dw])$`)

// parseTime reads a flag: a time, a day, or a length of time such as 30d or 12h. That counts from now into the past, or, for
// what is to come, into the future.
func parseTime(flag, text string, now time.Time, ahead bool) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	length, err := time.ParseDuration(text)
	if match := daysOrWeeks.FindStringSubmatch(text); match != nil {
		n, _ := strconv.Atoi(match[1]) // five digits are a number
		length, err = time.Duration(n)*day, nil
		if match[2] == "w" {
			length *= 7
		}
	}
	if err != nil || length < 0 {
		return time.Time{}, usage.Errorf("--%s is %q; a time (2027-01-31T00:00:00Z), a day (2027-01-31) or a length of time (12h, "+
			"30d, 8w) is needed", flag, text)
	}
	if ahead {
		return now.Add(length), nil
	}
	return now.Add(-length), nil
}
