// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"k8s.io/apimachinery/pkg/types"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

const tokenA, tokenB = "0d9c6f5e-6a0b-4e52-9a53-000000000001", "0d9c6f5e-6a0b-4e52-9a53-000000000002"

func seen(at time.Time, address, agent string) Seen {
	return Seen{At: at.Unix(), Address: netip.MustParsePrefix(address), UserAgent: agent}
}

func TestTableReportsWhatWasCounted(t *testing.T) {
	table := NewTable()
	table.Used(tokenA, seen(noon, "203.0.113.0/24", "curl"), noon)
	table.Used(tokenA, seen(noon.Add(time.Minute), "2001:db8::/64", "python-requests"), noon.Add(time.Minute))
	table.Used(tokenA, seen(noon, "198.51.100.7/32", "late"), noon.Add(time.Minute)) // finished last, but came first
	table.Refused(tokenA, "scope", noon.Unix(), noon)
	table.Refused(tokenA, "scope", noon.Unix(), noon)
	table.Refused(tokenB, "expired", noon.Unix(), noon.Add(time.Second))
	table.Used("no-uuid", seen(noon, "203.0.113.0/24", "curl"), noon)

	taken := table.Take(10, noon.Add(2*time.Minute))
	want := []Use{
		{
			Token: tokenA, Number: 1, Waiting: 120, Requests: 3, LastUsed: noon.Add(time.Minute).Unix(), Address: "2001:db8::/64",
			UserAgent: "python-requests", Refusals: []Refusal{{"scope", 2}}, LastRefused: noon.Unix(),
		},
		{Token: tokenB, Number: 2, Waiting: 119, Refusals: []Refusal{{"expired", 1}}, LastRefused: noon.Unix()},
	}
	if len(taken) != 2 || !reflect.DeepEqual([]Use{taken[0].Use, taken[1].Use}, want) {
		t.Errorf("%+v", taken)
	}
	if n := table.Unreported(); n != 2 {
		t.Errorf("%d tokens are unreported", n)
	}
	for i := range taken {
		table.Return(&taken[i], Written, noon)
	}
	if n := table.Unreported(); n != 0 {
		t.Errorf("%d tokens are unreported", n)
	}
}

// TestTableTiming: the first use after a pause is reported soon, one of a token that is used all the time every ten minutes.
func TestTableTiming(t *testing.T) {
	table := NewTable()
	use := func(at time.Duration) {
		table.Used(tokenA, seen(noon.Add(at), "203.0.113.0/24", "curl"), noon.Add(at))
	}
	expect := func(at time.Duration, requests int64) {
		t.Helper()
		taken := table.Take(10, noon.Add(at))
		var got int64
		for i := range taken {
			got += taken[i].Requests
			table.Return(&taken[i], Written, noon.Add(at))
		}
		if got != requests {
			t.Errorf("at %s %d requests are due, not %d", at, got, requests)
		}
	}
	use(0)
	expect(firstDelay-1, 0)
	expect(firstDelay, 1)
	use(time.Minute)
	expect(2*time.Minute, 0)
	expect(firstDelay+Interval-1, 0)
	use(10 * time.Minute)
	expect(firstDelay+Interval, 2)
	expect(time.Hour, 0)
	if n := len(table.shardOf(uuid.MustParse(tokenA)).index); n != 0 {
		t.Errorf("a token that has nothing to report takes a place: %d", n)
	}
	use(time.Hour)
	expect(time.Hour+firstDelay, 1)
	use(time.Hour + time.Minute)
	table.Hurry()
	expect(time.Hour+time.Minute, 1)
}

// TestTableTakesTheOldestFirst, and nothing twice.
func TestTableTakesTheOldestFirst(t *testing.T) {
	table := NewTable()
	for i := range 100 {
		token := fmt.Sprintf("0d9c6f5e-6a0b-4e52-9a53-%012d", i)
		table.Used(token, seen(noon, "203.0.113.0/24", "curl"), noon.Add(time.Duration(100-i)*time.Second))
	}
	later := noon.Add(time.Hour)
	first := table.Take(10, later)
	if len(first) != 10 || !strings.HasSuffix(string(first[0].Token), "99") || !strings.HasSuffix(string(first[9].Token), "90") {
		t.Errorf("%+v", first)
	}
	if second := table.Take(1000, later); len(second) != 90 {
		t.Errorf("%d", len(second))
	}
	for i := range first {
		table.Return(&first[i], Later, later)
	}
	again := table.Take(1000, later)
	if len(again) != 10 || again[0].Number <= first[9].Number || again[0].Requests != 1 || again[0].Address != "203.0.113.0/24" {
		t.Errorf("%+v", again)
	}
}

// TestTableTakesTurns: what could not be written makes room for what came meanwhile, without having waited for less.
func TestTableTakesTurns(t *testing.T) {
	table := NewTable()
	table.Used(tokenA, seen(noon, "203.0.113.0/24", "curl"), noon)
	table.Used(tokenB, seen(noon, "203.0.113.0/24", "curl"), noon.Add(time.Second))
	at := noon.Add(time.Minute)
	for _, want := range []types.UID{tokenA, tokenB, tokenA, tokenB} {
		at = at.Add(time.Second)
		taken := table.Take(1, at)
		if len(taken) != 1 || taken[0].Token != want || taken[0].Waiting < 60 {
			t.Fatalf("%+v", taken)
		}
		table.Return(&taken[0], Later, at)
	}
}

// TestTableUnknownToken: a token that the manager does not know is told of again for a while, and not forever.
func TestTableUnknownToken(t *testing.T) {
	table := NewTable()
	table.Used(tokenA, seen(noon, "203.0.113.0/24", "curl"), noon)
	at := noon.Add(firstDelay)
	reports := 0
	for ; at.Before(noon.Add(time.Hour)); at = at.Add(time.Second) {
		taken := table.Take(1, at)
		for i := range taken {
			reports++
			table.Return(&taken[i], Unknown, at)
		}
	}
	if most := int(unknownPatience/unknownRetry) + 1; reports < 2 || reports > most || table.Unreported() != 0 {
		t.Errorf("%d reports, at most %d are wanted; unreported %d", reports, most, table.Unreported())
	}
}

// TestTableIsBounded: what there is no room for is counted as lost, and room comes back.
func TestTableIsBounded(t *testing.T) {
	table := NewTable()
	s := &table.shards[0]
	id := func(n int) uuid.UUID { return uuid.UUID{0: byte(n >> 16), 1: byte(n >> 8), 2: byte(n), 15: 0} }
	for n := range maxTokens/tableShards + 7 {
		table.Refused(id(n).String(), "scope", noon.Unix(), noon)
	}
	if len(s.entries) != maxTokens/tableShards || table.Lost() != 7 {
		t.Errorf("%d entries, %d lost", len(s.entries), table.Lost())
	}
	taken := table.Take(5, noon.Add(time.Hour))
	for i := range taken {
		table.Return(&taken[i], Dropped, noon.Add(time.Hour))
	}
	table.Take(0, noon.Add(2*time.Hour))
	table.Refused(id(1<<20).String(), "scope", noon.Unix(), noon)
	if table.Lost() != 7 || len(s.entries) != maxTokens/tableShards {
		t.Errorf("%d entries, %d lost", len(s.entries), table.Lost())
	}
	for n := range 2 * reasonsKept {
		table.Refused(id(5).String(), fmt.Sprintf("reason-%d", n), noon.Unix(), noon)
	}
	table.Hurry()
	for _, one := range table.Take(maxTokens, noon) {
		if one.token != id(5) {
			continue
		}
		if last := one.Refusals[len(one.Refusals)-1]; len(one.Refusals) != reasonsKept || last.Reason != otherReason || last.Count < reasonsKept {
			t.Errorf("%+v", one.Refusals)
		}
	}
}

// TestTableConcurrently: nothing is lost or doubled while requests are counted, reported and given back at once.
func TestTableConcurrently(t *testing.T) {
	const workers, each = 8, 5000
	table := NewTable()
	table.Hurry()
	var counting sync.WaitGroup
	for w := range workers {
		counting.Go(func() {
			for n := range each {
				token := fmt.Sprintf("0d9c6f5e-6a0b-4e52-9a53-%012d", (n+w)%100)
				if n%5 == 0 {
					table.Refused(token, "scope", noon.Unix(), noon)
				} else {
					table.Used(token, seen(noon, "203.0.113.0/24", "curl"), noon)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { counting.Wait(); close(done) }()
	var used, refused int64
	for round := 0; ; round++ {
		ended := false
		select {
		case <-done:
			ended = true
		default:
		}
		taken := table.Take(50, noon)
		for i := range taken {
			result := Written
			if !ended && (i+round)%3 == 0 {
				result = Later
			}
			if result == Written {
				used += taken[i].Requests
				for _, r := range taken[i].Refusals {
					refused += r.Count
				}
			}
			table.Return(&taken[i], result, noon)
		}
		if ended && table.Unreported() == 0 {
			break
		}
	}
	if used != workers*each*4/5 || refused != workers*each/5 {
		t.Errorf("%d used and %d refused", used, refused)
	}
}

// BenchmarkTable is what counting costs a request while 100,000 tokens are in use.
func BenchmarkTable(b *testing.B) {
	const tokens = 100_000
	table := NewTable()
	names := make([]string, tokens)
	for n := range names {
		names[n] = fmt.Sprintf("0d9c6f5e-6a0b-4e52-9a53-%010d%02x", n, n%256)
		table.Used(names[n], seen(noon, "203.0.113.0/24", "curl"), noon)
	}
	b.Run("used", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			s := seen(noon, "203.0.113.0/24", "curl")
			for n := 0; pb.Next(); n++ {
				table.Used(names[n*7919%tokens], s, noon)
			}
		})
	})
	b.Run("refused", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			table.Refused(names[n*7919%tokens], "scope", noon.Unix(), noon)
		}
	})
	b.Run("take 1000 of 100000", func(b *testing.B) {
		for b.Loop() {
			taken := table.Take(MaxUses, noon.Add(time.Hour))
			for i := range taken {
				table.Return(&taken[i], Later, noon.Add(time.Hour))
			}
		}
	})
}
