// SPDX-License-Identifier: Apache-2.0

package expiring_test

import (
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/expiring"
)

func TestFrom(t *testing.T) {
	const day = 24 * time.Hour
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct{ lifetime, before, want time.Duration }{
		"a month":                        {30 * day, 5 * day, 25 * day},
		"just long enough":               {10 * day, 5 * day, 5 * day},
		"a little shorter than that":     {10*day - time.Second, 5 * day, 8*day - 4*time.Second/5},
		"a day":                          {day, 5 * day, day - day/5},
		"a minute":                       {time.Minute, 5 * day, 48 * time.Second},
		"a day of a policy that is late": {day, time.Hour, 23 * time.Hour},
		"expired when it begins":         {-day, 5 * day, -day},
		"ten years, warned of for ten":   {3650 * day, 3650 * day, 2920 * day},
	} {
		if got := expiring.From(begin, begin.Add(c.lifetime), c.before).Sub(begin); got != c.want {
			t.Errorf("%s: warned of after %s, want %s", name, got, c.want)
		}
	}
}
