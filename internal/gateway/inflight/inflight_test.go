// SPDX-License-Identifier: Apache-2.0

package inflight

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	alice, bob = Party{Owner: "alice"}, Party{Owner: "bob"}
	parties    = []Party{{Owner: "a"}, {Owner: "b"}, {Network: [16]byte{15: 1}}}
)

func TestOneMayHaveNineTenthsWhileNobodyElseAsks(t *testing.T) {
	var l Limiter
	now := time.Unix(0, 0)
	for n := range 9 {
		if !l.Take(alice, 10, now) {
			t.Fatal(n)
		}
	}
	if l.Take(alice, 10, now) {
		t.Error("the last place is for somebody else")
	}
	if !l.Take(bob, 10, now) {
		t.Error("nobody else gets the last place")
	}
	l.Release(bob, now)
	l.Release(alice, now)
	if !l.Take(alice, 10, now) {
		t.Error("a place that was given back is not given again: nobody else wants it")
	}
}

// The one who has everything gives half of it, place by place, to the one who comes later.
func TestPlacesGoToWhoHasLess(t *testing.T) {
	const most = 10
	var l Limiter
	now := time.Unix(0, 0)
	for range most - 1 {
		l.Take(alice, most, now)
	}
	if !l.Take(bob, most, now) || l.Take(bob, most, now) {
		t.Fatal("there is one place")
	}
	held := map[Party]int{alice: most - 1, bob: 1}
	for range 50 { // alice hammers, bob comes once in a while
		now = now.Add(100 * time.Millisecond)
		if held[alice] > most/2 {
			l.Release(alice, now)
			held[alice]--
		}
		for _, who := range []Party{alice, alice, bob, alice} {
			if l.Take(who, most, now) {
				held[who]++
			}
		}
	}
	if held[alice] != most/2 || held[bob] != most/2 {
		t.Errorf("%v", held)
	}
	for range most / 2 {
		l.Release(bob, now)
	}
	now = now.Add(patience)
	for held[alice] < most && l.Take(alice, most, now) {
		held[alice]++
	}
	if held[alice] != most-1 {
		t.Errorf("bob is gone, and alice gets %d", held[alice])
	}
}

// Whatever is asked: never more than there is, nobody beyond its share while another that has less was refused, and
// nothing is remembered in the end.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l Limiter
		now, held, total := time.Unix(0, 0), map[Party]int{}, 0
		most := rapid.IntRange(1, 9).Draw(t, "most")
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				who := rapid.SampledFrom(parties).Draw(t, "who")
				granted := l.Take(who, most, now)
				if granted {
					held[who]++
					total++
				}
				if total > most || !granted && held[who] == 0 && total < most {
					t.Fatalf("%+v granted %v: %v of %d", who, granted, held, most)
				}
			},
			"release": func(t *rapid.T) {
				who := rapid.SampledFrom(parties).Draw(t, "who")
				if held[who] > 0 {
					l.Release(who, now)
					held[who]--
					total--
				}
			},
			"wait": func(*rapid.T) { now = now.Add(time.Second) },
			"": func(t *rapid.T) {
				if l.Held() != total {
					t.Fatalf("%d, want %d", l.Held(), total)
				}
			},
		})
		now = now.Add(patience)
		if l.Take(parties[0], most+1, now) {
			held[parties[0]]++
		}
		for who, n := range held {
			for range n {
				l.Release(who, now)
			}
		}
		if len(l.parties) != 0 || l.total != 0 {
			t.Fatalf("%+v", l.parties)
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	var l Limiter
	now := time.Unix(0, 0)
	l.Take(alice, 1, now)
	for n := range 3 * maxParties {
		l.Take(Party{Owner: fmt.Sprint(n)}, 1, now)
	}
	if len(l.parties) > maxParties {
		t.Errorf("%d parties", len(l.parties))
	}
}

func TestNoAllocations(t *testing.T) {
	var l Limiter
	now := time.Unix(0, 0)
	if n := testing.AllocsPerRun(1000, func() {
		if l.Take(alice, 10, now) {
			l.Release(alice, now)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestACrowdIsCheap: those that are refused for the first time, from any number of networks, look for old ones once a second.
func TestACrowdIsCheap(t *testing.T) {
	var l Limiter
	now := time.Unix(0, 0)
	l.Take(alice, 1, now)
	crowd := func(name string, n int) {
		for i := range n {
			l.Take(Party{Owner: fmt.Sprint(name, i)}, 1, now)
		}
	}
	crowd("a", maxParties+10)
	looked := l.forgetAt
	if looked.IsZero() {
		t.Fatal("never looked")
	}
	now = now.Add(forgetEvery - 1)
	crowd("b", 10)
	if !l.forgetAt.Equal(looked) {
		t.Error("looked again within a second")
	}
	now = now.Add(patience)
	crowd("c", 1)
	if l.forgetAt.Equal(looked) || len(l.parties) != 2 {
		t.Errorf("%d parties, of which two want something", len(l.parties))
	}
}
