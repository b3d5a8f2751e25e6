// SPDX-License-Identifier: Apache-2.0

package directory_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/directory"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// accounts are active users; a name in brackets is inactive.
func accounts(names ...string) []directory.Account {
	out := make([]directory.Account, len(names))
	for i, name := range names {
		bare := strings.Trim(name, "[]")
		out[i] = directory.Account{Name: bare, Key: "key of " + strings.ToLower(bare), Active: bare == name}
	}
	return out
}

// many are so many active users.
func many(count int) []directory.Account {
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprint("user", i)
	}
	return accounts(names...)
}

func group(at time.Time, name string, members []directory.Account) *directory.Reading {
	return &directory.Reading{At: at, Groups: map[string][]directory.Account{name: members}}
}

func user(at time.Time, name, key string) *directory.Reading {
	return &directory.Reading{At: at, Users: []directory.Account{{Name: name, Key: key, Active: key != ""}}}
}

func members(s *directory.Snapshot, name string) string {
	return strings.Join(slices.Sorted(maps.Keys(s.Group(name).Members)), " ")
}

func TestMergeGroups(t *testing.T) {
	var s *directory.Snapshot
	s = s.Merge(group(noon.Add(time.Nanosecond), "Developers", accounts("Alice", "bob", "[carol]")), directory.Hold{})
	if got := members(s, "dEVELOPERS"); got != "alice bob" {
		t.Errorf("members %q", got)
	}
	if carol := s.User("CAROL"); carol == nil || carol.Active || carol.Key != "key of carol" || !carol.CheckedAt.Equal(noon) {
		t.Errorf("%+v", carol)
	}
	later := s.Merge(&directory.Reading{At: noon.Add(time.Hour), Missing: []string{"testers"}}, directory.Hold{})
	if g := later.Group("developers"); !g.SyncedAt.Equal(noon) || len(g.Members) != 2 {
		t.Errorf("a group that Jira said nothing of has changed: %+v", g)
	}
	if g := later.Group("testers"); !g.Missing || !g.SyncedAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v", g)
	}
	if s.Group("testers") != nil {
		t.Error("the former Snapshot has changed")
	}
}

func TestMergeUsers(t *testing.T) {
	type step struct{ says, key, former string }
	for name, steps := range map[string][]step{
		"unknown":          {{"", "", ""}, {"", "", ""}},
		"stays":            {{"1", "1", ""}, {"1", "1", ""}},
		"created":          {{"", "", ""}, {"1", "1", ""}},
		"renamed":          {{"1", "1", ""}, {"", "", "1"}, {"", "", "1"}},
		"renamed and back": {{"1", "1", ""}, {"", "", "1"}, {"1", "1", ""}},
		"re-used":          {{"1", "1", ""}, {"2", "2", "1"}, {"2", "2", "1"}},
		"re-used later":    {{"1", "1", ""}, {"", "", "1"}, {"2", "2", "1"}, {"", "", "2"}},
	} {
		var s *directory.Snapshot
		for i, step := range steps {
			s = s.Merge(user(noon, "Alice", step.says), directory.Hold{})
			if u := s.User("alice"); u.Key != step.key || u.FormerKey != step.former || u.Active != (step.key != "") {
				t.Errorf("%s, step %d: %+v", name, i, u)
			}
		}
	}
}

func TestKeep(t *testing.T) {
	var s *directory.Snapshot
	s = s.Merge(&directory.Reading{
		At: noon, Groups: map[string][]directory.Account{"a": accounts("alice", "[ines]"), "b": accounts("bob")},
		Users: accounts("carol", "dave"),
	}, directory.Hold{})
	kept := s.Keep(func(name string) bool { return name == "a" }, func(name string) bool { return name == "carol" })
	if got := slices.Sorted(maps.Keys(kept.Users)); len(kept.Groups) != 1 || !reflect.DeepEqual(got, []string{"alice", "carol"}) {
		t.Errorf("%v %v", kept.Groups, got)
	}
}

// Those whose loss is held count as members, but nobody confirms any more that they are users.
func TestKeepWhileALossIsHeld(t *testing.T) {
	hold := directory.Hold{For: time.Hour}
	var s *directory.Snapshot
	s = s.Merge(group(noon, "devs", many(10)), hold)
	s = s.Merge(group(noon.Add(time.Minute), "devs", many(1)), hold)
	kept := s.Keep(func(string) bool { return true }, func(name string) bool { return name == "user9" })
	if got := slices.Sorted(maps.Keys(kept.Users)); len(kept.Group("devs").Members) != 10 || !slices.Equal(got, []string{"user0", "user9"}) {
		t.Errorf("%v", got)
	}
}

func TestLossIsHeld(t *testing.T) {
	hold := directory.Hold{For: time.Hour}
	var s *directory.Snapshot
	s = s.Merge(group(noon, "devs", many(10)), hold)
	at := func(minutes int, size int) {
		s = s.Merge(group(noon.Add(time.Duration(minutes)*time.Minute), "devs", many(size)), hold)
	}
	expect := func(what string, size, left int) {
		t.Helper()
		g := s.Group("devs")
		if len(g.Members) != size || (g.Held == nil) != (left < 0) || (g.Held != nil && len(g.Held.Members) != left) {
			t.Errorf("%s: %d members, held %+v", what, len(g.Members), g.Held)
		}
	}
	at(5, 5)
	expect("half is no loss to be held", 5, -1)
	at(10, 2)
	expect("three of five are", 5, 2)
	since, code := s.Group("devs").Held.Since, s.Group("devs").Held.Code("DEVS")
	at(15, 1)
	expect("the loss grows", 5, 1)
	if g := s.Group("devs"); !g.Held.Since.Equal(since) || g.Held.Code("devs") != code || !g.SyncedAt.Equal(noon.Add(15*time.Minute)) {
		t.Errorf("%+v %+v", g, g.Held)
	}
	at(20, 3)
	expect("enough came back", 3, -1)
	at(25, 0)
	expect("three are too few to be held", 0, -1)
}

func TestHeldLossIsApplied(t *testing.T) {
	hold := directory.Hold{For: time.Hour}
	var full *directory.Snapshot
	full = full.Merge(group(noon, "devs", many(10)), hold)
	lost := full.Merge(group(noon.Add(time.Minute), "devs", many(1)), hold)
	gone := full.Merge(&directory.Reading{At: noon.Add(time.Minute), Missing: []string{"devs"}}, hold)
	if g := gone.Group("devs"); g.Missing || len(g.Members) != 10 || !g.Held.Missing {
		t.Errorf("a group that is gone is a loss of all: %+v", g)
	}
	code := lost.Group("devs").Held.Code("devs")
	for name, c := range map[string]struct {
		from    *directory.Snapshot
		after   time.Duration
		hold    directory.Hold
		members int
		missing bool
	}{
		"in time":             {lost, time.Hour - time.Second, hold, 10, false},
		"time is up":          {lost, time.Hour, hold, 1, false},
		"gone, time is up":    {gone, time.Hour, hold, 0, true},
		"confirmed":           {lost, 0, directory.Hold{For: time.Hour, Confirmed: []string{"x", code}}, 1, false},
		"another confirmed":   {lost, 0, directory.Hold{For: time.Hour, Confirmed: []string{"0badc0de"}}, 10, false},
		"nothing is held":     {lost, 0, directory.Hold{}, 1, false},
		"the clock went back": {lost, -48 * time.Hour, hold, 10, false},
	} {
		g := c.from.Merge(&directory.Reading{At: noon.Add(time.Minute + c.after)}, c.hold).Group("devs")
		if len(g.Members) != c.members || g.Missing != c.missing || (g.Held == nil) != (c.members != 10) {
			t.Errorf("%s: %d members, %+v", name, len(g.Members), g)
		}
	}
	if g := full.Merge(group(noon.Add(time.Minute), "devs", many(1)), directory.Hold{}).Group("devs"); len(g.Members) != 1 {
		t.Errorf("with 0 nothing is held: %+v", g)
	}
}

func TestLossChanges(t *testing.T) {
	hold := directory.Hold{For: time.Hour}
	var full *directory.Snapshot
	full = full.Merge(group(noon, "devs", many(10)), hold)
	lost := full.Merge(group(noon.Add(time.Minute), "devs", many(1)), hold)
	for name, c := range map[string]struct {
		before, after *directory.Snapshot
		want          directory.LossTurn
	}{
		"held":         {full, lost, directory.LossHeld},
		"applied":      {lost, lost.Merge(&directory.Reading{At: noon.Add(2 * time.Hour)}, hold), directory.LossApplied},
		"not held":     {full, full.Merge(group(noon, "devs", many(1)), directory.Hold{}), directory.LossApplied},
		"recovered":    {lost, lost.Merge(group(noon.Add(time.Minute), "devs", many(9)), hold), directory.LossRecovered},
		"still held":   {lost, lost.Merge(group(noon.Add(time.Minute), "devs", many(2)), hold), 0},
		"as before":    {full, full, 0},
		"at first":     {nil, full, 0},
		"not read now": {lost, nil, 0},
	} {
		var got directory.LossTurn
		for _, change := range directory.LossChanges(c.before, c.after) {
			got = change.Turn
		}
		if got != c.want {
			t.Errorf("%s: want %d, have %d", name, c.want, got)
		}
	}
}

func TestAges(t *testing.T) {
	var s *directory.Snapshot
	if !s.StaleAt(noon, time.Hour).IsZero() || s.AnyStale(noon, time.Hour) || !s.LossDueAt(directory.Hold{}).IsZero() {
		t.Error("what is not known is not stale either")
	}
	s = s.Merge(group(noon, "devs", many(10)), directory.Hold{For: time.Hour})
	s = s.Merge(user(noon.Add(10*time.Minute), "alice", "a"), directory.Hold{For: time.Hour})
	for after, want := range map[time.Duration]time.Duration{
		0: time.Hour, time.Hour: time.Hour, time.Hour + 1: 70 * time.Minute, 2 * time.Hour: -1,
	} {
		at := s.StaleAt(noon.Add(after), time.Hour)
		if (want < 0) != at.IsZero() || (want >= 0 && !at.Equal(noon.Add(want))) {
			t.Errorf("after %s: %s", after, at)
		}
		if stale := s.AnyStale(noon.Add(after), time.Hour); stale != (after > time.Hour) {
			t.Errorf("after %s: %v", after, stale)
		}
	}
	s = s.Merge(group(noon.Add(time.Minute), "devs", nil), directory.Hold{For: time.Hour})
	if at := s.LossDueAt(directory.Hold{For: time.Hour}); !at.Equal(noon.Add(61 * time.Minute)) {
		t.Error(at)
	}
}
