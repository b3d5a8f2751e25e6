// SPDX-License-Identifier: Apache-2.0

package personaluse_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/personaluse"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func use(outcome, user, client string) personaluse.Use {
	return personaluse.Use{Class: "basic", Outcome: outcome, User: user, Client: client, Path: "/rest/api/2/search"}
}

func TestMerge(t *testing.T) {
	entry := func(u personaluse.Use, count uint64, minutes int) personaluse.Entry {
		return personaluse.Entry{Use: u, Count: count, LastSeen: noon.Add(time.Duration(minutes) * time.Minute)}
	}
	one := personaluse.Report{Since: noon.Add(-time.Hour), Entries: []personaluse.Entry{
		entry(use("allowed", "", "curl"), 90, 9), entry(use("audit", "alice", "curl"), 2, 5),
	}}
	two := personaluse.Report{Since: noon.Add(-2 * time.Hour), Entries: []personaluse.Entry{
		entry(use("audit", "alice", "curl"), 3, 1), entry(use("audit", "bob", "curl"), 7, 2), entry(use("refused", "", "x"), 1, 3),
	}}
	want := personaluse.Report{Since: noon.Add(-time.Hour), Entries: []personaluse.Entry{
		entry(use("audit", "bob", "curl"), 7, 2), entry(use("audit", "alice", "curl"), 5, 5),
		entry(use("refused", "", "x"), 1, 3), entry(use("allowed", "", "curl"), 90, 9),
	}}
	for _, order := range [][]personaluse.Report{{one, two}, {two, one}, {two, {}, one}} {
		if got := personaluse.Merge(order...); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v", got)
		}
	}
}

// TestTypedNamesAreNotBelieved: a name beside a password is shown only once Jira has answered with it.
func TestTypedNamesAreNotBelieved(t *testing.T) {
	table := personaluse.NewTable(noon)
	table.Add(use("refused", "", "curl"), "", "my-Password1", noon)
	table.Add(use("refused", "", "curl"), "", "alice", noon)
	table.Add(use("audit", "", "curl"), "Alice", "alice", noon)
	table.Add(use("refused", "", "curl"), "", "ALICE", noon.Add(time.Minute))
	if text := fmt.Sprint(table.Report()); strings.Contains(text, "Password") {
		t.Error(text)
	}
	got := map[string]uint64{}
	for _, entry := range table.Report().Entries {
		got[entry.Outcome+" "+entry.User] = entry.Count
	}
	if want := map[string]uint64{"refused ": 2, "audit Alice": 1, "refused Alice": 1}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

// TestTableIsBounded: inventing clients neither makes it grow nor crowds out those who have an account.
func TestTableIsBounded(t *testing.T) {
	table := personaluse.NewTable(noon)
	const many = 20_000
	for i := range many {
		table.Add(use("refused", "", fmt.Sprint("client-", i)), "", fmt.Sprint("name-", i), noon)
	}
	table.Add(use("audit", "", "curl"), "alice", "", noon)
	report := table.Report()
	if n := len(report.Entries); n > 1100 || report.Entries[0].User != "alice" {
		t.Errorf("%d entries, the first %+v", n, report.Entries[0])
	}
	for i := range many {
		table.Add(use("audit", "", "curl"), fmt.Sprint("user-", i), "", noon)
	}
	report = table.Report()
	var sum, others uint64
	for _, entry := range report.Entries {
		sum += entry.Count
		if entry.Client == personaluse.Other && entry.User == "" && entry.Path == personaluse.Other {
			others += entry.Count
		}
	}
	if len(report.Entries) > 5300 || sum != 2*many+1 || others < many {
		t.Errorf("%d entries, %d counted, %d of them as others", len(report.Entries), sum, others)
	}
}
