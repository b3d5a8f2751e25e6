// SPDX-License-Identifier: Apache-2.0

// Package personaluse counts who still uses what personal credentials: a table of bounded size that each gateway keeps,
// the report that it makes of it, and how the reports of several gateways become one. It holds no credential, and no user
// name but those that Jira itself answered with.
package personaluse

import (
	"cmp"
	"slices"
	"time"
)

// Path is where a gateway serves its report, on its port for metrics, to those who are in its own network namespace: that
// is `kubectl port-forward`, for which one needs a right in the policy's namespace.
const Path = "/personal-usage"

// Other stands for clients and paths that there was no room for.
const Other = "other"

// Use is what is counted together.
type Use struct {
	// Class is that of the policy's personalCredentials; Outcome allowed, exempt, audit (Enforce would refuse it) or refused.
	Class   string `json:"class"`
	Outcome string `json:"outcome"`
	// User is whom Jira took the caller for; empty: nobody, or it is not known.
	User string `json:"user,omitempty"`
	// Client is the family of the user agent, Path that of the path, without what is data in it.
	Client string `json:"client"`
	Path   string `json:"path"`
}

// Entry is how often, and when last.
type Entry struct {
	Use

	Count    uint64    `json:"count"`
	LastSeen time.Time `json:"lastSeen"`
}

// Report is what was counted since a gateway started.
type Report struct {
	Since   time.Time `json:"since"`
	Entries []Entry   `json:"entries"`
}

// Merge adds reports up. It knows all that happened since the latest of their beginnings.
func Merge(reports ...Report) Report {
	var out Report
	sums := map[Use]Entry{}
	for _, report := range reports {
		if report.Since.After(out.Since) {
			out.Since = report.Since
		}
		for _, entry := range report.Entries {
			sum := sums[entry.Use]
			sum.Use, sum.Count = entry.Use, sum.Count+entry.Count
			if entry.LastSeen.After(sum.LastSeen) {
				sum.LastSeen = entry.LastSeen
			}
			sums[entry.Use] = sum
		}
	}
	out.Entries = sorted(sums)
	return out
}

// sorted puts what Enforce would change first, then the busiest.
func sorted(sums map[Use]Entry) []Entry {
	out := make([]Entry, 0, len(sums))
	for _, entry := range sums {
		out = append(out, entry)
	}
	urgency := []string{"audit", "refused", "exempt", "allowed"}
	slices.SortFunc(out, func(a, b Entry) int {
		return cmp.Or(
			cmp.Compare(slices.Index(urgency, a.Outcome), slices.Index(urgency, b.Outcome)),
			cmp.Compare(b.Count, a.Count), cmp.Compare(a.Class, b.Class), cmp.Compare(a.User, b.User),
			cmp.Compare(a.Client, b.Client), cmp.Compare(a.Path, b.Path),
		)
	})
	return out
}
