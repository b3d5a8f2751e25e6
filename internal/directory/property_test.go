// SPDX-License-Identifier: Apache-2.0

package directory_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jiratokens/jira-token-operator/internal/directory"
)

var (
	names    = []string{"alice", "Bob", "CAROL", "dave", "Émile", "İnci", "\u212Aelvin", "x y", "\"<", "日本"}
	anyGroup = rapid.SampledFrom([]string{"devs", "Ops"})
	anyHold  = rapid.SampledFrom([]time.Duration{0, 10 * time.Minute, time.Hour})
)

// anyAccounts are some of the names, each with one of two keys.
func anyAccounts(t *rapid.T) []directory.Account {
	out := []directory.Account{}
	for _, name := range names {
		flip := func(what string) bool { return rapid.Bool().Draw(t, what+" "+name) }
		if flip("present") {
			seldom := flip("seldom")
			out = append(out, directory.Account{
				Name: name, Key: fmt.Sprint("k", name, seldom && flip("other key")), Active: !seldom || flip("active"),
			})
		}
	}
	return out
}

func anyReading(t *rapid.T, at time.Time) *directory.Reading {
	r := &directory.Reading{At: at, Groups: map[string][]directory.Account{}}
	for _, name := range rapid.SliceOfN(anyGroup, 0, 3).Draw(t, "groups") {
		r.Groups[name] = anyAccounts(t)
	}
	if len(r.Groups) == 0 && rapid.Bool().Draw(t, "missing") {
		r.Missing = []string{anyGroup.Draw(t, "missing group")}
	}
	if rapid.Bool().Draw(t, "users") {
		r.Users = anyAccounts(t)
		for i := range r.Users {
			if rapid.Bool().Draw(t, "not found") {
				r.Users[i].Key = ""
			}
		}
	}
	return r
}

// history is what a policy may live through.
func history(t *rapid.T, each func(before, after *directory.Snapshot, r *directory.Reading, hold directory.Hold)) {
	hold := directory.Hold{For: anyHold.Draw(t, "hold")}
	at := noon
	var s *directory.Snapshot
	for range rapid.IntRange(10, 40).Draw(t, "length") {
		at = at.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "minutes")) * time.Minute)
		r := anyReading(t, at)
		before := copyOf(s)
		next := s.Merge(r, hold)
		if !reflect.DeepEqual(before, s) {
			t.Fatal("a Snapshot was changed")
		}
		each(s, next, r, hold)
		s = next
	}
}

func copyOf(s *directory.Snapshot) *directory.Snapshot {
	if s == nil {
		return nil
	}
	out := &directory.Snapshot{Groups: map[string]*directory.Group{}, Users: map[string]*directory.User{}}
	for name, g := range s.Groups {
		c := *g
		c.Members = maps.Clone(g.Members)
		if g.Held != nil {
			held := *g.Held
			held.Members = maps.Clone(held.Members)
			c.Held = &held
		}
		out.Groups[name] = &c
	}
	for name, u := range s.Users {
		c := *u
		out.Users[name] = &c
	}
	return out
}

func lost(before, after map[string]bool) int {
	n := 0
	for member := range before {
		if !after[member] {
			n++
		}
	}
	return n
}

// Nobody loses a group by a sudden loss before its time, and nobody gains one that Jira does not say they are in.
func TestNoSuddenLossIsAppliedEarly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history(t, func(before, after *directory.Snapshot, r *directory.Reading, hold directory.Hold) {
			for name, now := range after.Groups {
				then := before.Group(name)
				if then == nil {
					continue
				}
				large := len(then.Members) >= 4 && 2*lost(then.Members, now.Members) > len(then.Members)
				since := r.At
				if then.Held != nil {
					since = then.Held.Since
				}
				if large && r.At.Sub(since) < hold.For {
					t.Fatalf("group %s lost %v to %v after %s", name, then.Members, now.Members, r.At.Sub(since))
				}
				if now.Held != nil && !reflect.DeepEqual(now.Members, then.Members) {
					t.Fatalf("members changed while a loss is held")
				}
				if now.Held != nil && (now.Missing || r.At.Sub(now.Held.Since) >= hold.For) {
					t.Fatalf("a loss is held too long: %+v", now.Held)
				}
				if now.Held != nil && then.Held != nil && !now.Held.Since.Equal(then.Held.Since) {
					t.Fatal("a loss that is held began anew")
				}
			}
		})
	})
}

func TestFormerKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history(t, func(before, after *directory.Snapshot, r *directory.Reading, _ directory.Hold) {
			for name, now := range after.Users {
				then := before.User(name)
				if now.FormerKey == now.Key && now.Key != "" || now.Active && now.Key == "" {
					t.Fatalf("%+v", now)
				}
				said := map[string]bool{}
				for _, group := range r.Groups {
					for _, a := range group {
						said[a.Key] = true
					}
				}
				for _, a := range r.Users {
					said[a.Key] = true
				}
				if then != nil && then.Key != "" && now.Key != then.Key && now.FormerKey != then.Key && !said[now.FormerKey] {
					t.Fatalf("the key %q was forgotten: %+v", then.Key, now)
				}
			}
		})
	})
}

func TestEncodeAndDecode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s *directory.Snapshot
		history(t, func(_, after *directory.Snapshot, _ *directory.Reading, _ directory.Hold) { s = after })
		head, shards, err := directory.Encode(s)
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := directory.Decode(throughJSON(t, head), shards)
		if err != nil || !reflect.DeepEqual(decoded, s) {
			t.Fatalf("%v: %+v became %+v", err, s, decoded)
		}
		again, same, err := directory.Encode(decoded)
		if err != nil || !reflect.DeepEqual(again, head) || !reflect.DeepEqual(same, shards) {
			t.Fatal("the same Snapshot is encoded in two ways")
		}
		if decoded.Content(noon, time.Hour) != s.Content(noon, time.Hour) {
			t.Fatal("the content differs")
		}
		damage(t, head, shards)
	})
}

// damage changes one byte, leaves out or swaps shards, or refers to what is not there.
func damage(t *rapid.T, head *directory.Head, shards [][]byte) {
	t.Helper()
	expect := func(what string, h *directory.Head, shards [][]byte) {
		t.Helper()
		s, err := directory.Decode(h, shards)
		if s != nil || !errors.Is(err, directory.ErrDamaged) {
			t.Fatalf("%s: %+v %v", what, s, err)
		}
	}
	at := rapid.IntRange(0, len(shards[0])-1).Draw(t, "byte")
	changed := append([]byte{}, shards[0]...)
	changed[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
	expect("a changed bit", head, [][]byte{changed})
	expect("a missing shard", head, nil)
	expect("one too many", head, [][]byte{shards[0], shards[0]})
	other := throughJSON(t, head)
	other.Version++
	expect("another version", other, shards)
	if len(head.Times) > 0 {
		other = throughJSON(t, head)
		other.Times = nil
		expect("no times", other, shards)
	}
	if len(head.Groups) > 0 {
		other = throughJSON(t, head)
		other.Groups = append(other.Groups, other.Groups[0])
		expect("a group twice", other, shards)
	}
}

// What is confirmed again changes no content; what changes a decision does.
func TestContent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history(t, func(before, after *directory.Snapshot, r *directory.Reading, _ directory.Hold) {
			const limit = 1000 * time.Hour
			same := before.Content(r.At, limit) == after.Content(r.At, limit)
			if equal := sameButTimes(before, after); equal != same {
				t.Fatalf("equal %v, content equal %v: %+v %+v", equal, same, before, after)
			}
			stale := len(after.Groups)+len(after.Users) > 0
			if (after.Content(r.At.Add(2*limit), limit) != after.Content(r.At, limit)) != stale {
				t.Fatal("becoming stale is not seen")
			}
		})
	})
}

func sameButTimes(a, b *directory.Snapshot) bool {
	strip := func(s *directory.Snapshot) *directory.Snapshot {
		out := &directory.Snapshot{Groups: map[string]*directory.Group{}, Users: map[string]*directory.User{}}
		if s == nil {
			return out
		}
		out = copyOf(s)
		for _, g := range out.Groups {
			g.Name, g.SyncedAt = "", time.Time{}
		}
		for _, u := range out.Users {
			u.Name, u.CheckedAt = "", time.Time{}
		}
		return out
	}
	return reflect.DeepEqual(strip(a), strip(b))
}
