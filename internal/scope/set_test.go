// SPDX-License-Identifier: Apache-2.0

package scope

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func parse(t interface{ Fatal(...any) }, list ...string) Set {
	s, err := Parse(list)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatCoversWhat(t *testing.T) {
	for _, tc := range []struct {
		has, needs string
		covers     bool
	}{
		{"read", "read:issue", true},
		{"write", "write:issue", true},
		{"write", "delete:comment", true},
		{"admin", "admin:user", true},
		{"write:issue", "write:issue", true},
		{"read", "write:issue", false},
		{"write", "read:issue", false},
		{"admin", "read:user", false},
		{"admin", "write", false},
		{"read:issue", "read", false},
		{"admin:user", "admin", false},
		{"write:issue", "delete:issue", false},
		{"write:issue", "read:issue", false},
		{"write:issue", "write:comment", false},
	} {
		if got := parse(t, tc.has).Contains(parse(t, tc.needs)); got != tc.covers {
			t.Errorf("%s covers %s: %v", tc.has, tc.needs, got)
		}
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	for name, want := range map[string]string{
		"reed":        `unknown scope "reed": known are read, write, admin and <action>:<resource> such as write:comment`,
		"erase:issue": `"erase" is no action of issue; there are read, write, delete`,
		"write:group": `"write" is no action of group; there are read, admin`,
		"read:":       `unknown scope "read:"`,
		"Read:issue":  `"Read" is no action of issue`,
	} {
		if _, err := Parse([]string{"read", name}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSets(t *testing.T) {
	if len(names) > setWords*64 {
		t.Fatalf("%d scopes have no room", len(names))
	}
	subset := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 6, rapid.ID[string])
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := parse(t, subset.Draw(t, "a")...), parse(t, subset.Draw(t, "b")...), parse(t, subset.Draw(t, "c")...)
		if got := parse(t, a.Names()...); got != a || len(slices.Compact(a.Names())) != len(a.Names()) {
			t.Errorf("%v is read as %v", a.Names(), got.Names())
		}
		if union := a.With(b); !union.Contains(a) || !union.Contains(b) || a.Contains(b) && a.Contains(c) && !a.Contains(b.With(c)) {
			t.Errorf("the union of %v and %v is %v", a, b, union)
		}
		if a.Contains(b) && b.Contains(c) && !a.Contains(c) {
			t.Errorf("%v covers %v, that covers %v, but the first does not cover the last", a, b, c)
		}
		if lacks := a.Lacks(b); a.Contains(b) != lacks.IsEmpty() || !a.With(lacks).Contains(b) || !b.Contains(lacks) {
			t.Errorf("%v lacks %v of %v", a, lacks, b)
		}
		if !a.Coarse().Contains(a) {
			t.Errorf("%v do not cover %v", a.Coarse(), a)
		}
	})
}

func TestContainsAllocatesNothing(t *testing.T) {
	has, needs := parse(t, "read", "write"), parse(t, "delete:comment")
	if n := testing.AllocsPerRun(100, func() { _ = has.Contains(needs) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
