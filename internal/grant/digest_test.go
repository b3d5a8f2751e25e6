// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func prefixes(texts ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

func digest(tb testing.TB, g *Grant, expiresAt *time.Time) string {
	tb.Helper()
	text, err := Digest(g, expiresAt)
	if err != nil || !regexp.MustCompile(`^sha256:[0-9a-f]{64}$`).MatchString(text) {
		tb.Fatalf("%q, %v", text, err)
	}
	return text
}

func TestDigestDoesNotDependOnOrderAndCase(t *testing.T) {
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	there := at.In(time.FixedZone("there", 3600))
	a := &Grant{Owner: "Alice", Scopes: []string{"write", "read"}, SourceRanges: prefixes("2001:db8::/32", "10.0.0.0/8")}
	b := &Grant{Owner: "aLICE", Scopes: []string{"read", "write"}, SourceRanges: prefixes("10.0.0.0/8", "2001:db8::/32")}
	if digest(t, a, &at) != digest(t, b, &there) {
		t.Error("one grant in two orders has two digests")
	}
	if a.Owner != "Alice" || a.Scopes[0] != "write" || a.SourceRanges[0] != netip.MustParsePrefix("2001:db8::/32") ||
		there.Location() == time.UTC {
		t.Errorf("the grant was changed: %+v %v", a, there)
	}
	none := &Grant{Owner: "alice", Scopes: []string{"read"}}
	empty := &Grant{Owner: "alice", Scopes: []string{"read"}, SourceRanges: []netip.Prefix{}}
	if digest(t, none, nil) != digest(t, empty, nil) {
		t.Error("no ranges and an empty list have two digests")
	}
}

// Whatever differs, the digest does. A field that is new and left out here fails the test.
func TestDigestDiffersForEveryField(t *testing.T) {
	changes := map[string][]func(*Grant){
		"Owner":        {func(g *Grant) { g.Owner = "bob" }},
		"Scopes":       {func(g *Grant) { g.Scopes = []string{"read"} }, func(g *Grant) { g.Scopes = []string{"read", "write", "admin"} }},
		"SourceRanges": {func(g *Grant) { g.SourceRanges = nil }, func(g *Grant) { g.SourceRanges = prefixes("10.0.0.0/9") }},
		"Headers": {
			func(g *Grant) { g.Headers = []HeaderPattern{{"A", "b"}} }, func(g *Grant) { g.Headers = []HeaderPattern{{"A", "*"}} },
			func(g *Grant) { g.Headers = []HeaderPattern{{"A", "b"}, {"B", "b"}} },
		},
		"RateLimit": {
			func(g *Grant) { g.RateLimit = nil }, func(g *Grant) { g.RateLimit.Requests++ },
			func(g *Grant) { g.RateLimit.Period++ }, func(g *Grant) { g.RateLimit.Burst++ },
			func(g *Grant) { g.RateLimit.Concurrent++ },
		},
	}
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	later := at.Add(time.Second)
	sampleGrant := func() *Grant {
		return &Grant{
			Owner: "alice", Scopes: []string{"read", "write"}, SourceRanges: prefixes("10.0.0.0/8"),
			RateLimit: &RateLimit{Requests: 60, Period: time.Minute, Burst: 10},
		}
	}
	seen := map[string]string{digest(t, sampleGrant(), &at): "nothing", digest(t, sampleGrant(), &later): "expiry"}
	add := func(what, text string) {
		if before, ok := seen[text]; ok {
			t.Errorf("a change of %s gives the digest of a change of %s", what, before)
		}
		seen[text] = what
	}
	add("expiry to none", digest(t, sampleGrant(), nil))
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Grant]()) {
		if len(changes[field.Name]) == 0 {
			t.Errorf("no change of %s is tried", field.Name)
		}
		for _, change := range changes[field.Name] {
			g := sampleGrant()
			change(g)
			add(field.Name, digest(t, g, &at))
		}
	}
}

// grants draws grants that are often within each other.
func grants() *rapid.Generator[*Grant] {
	return rapid.Custom(func(t *rapid.T) *Grant {
		g := &Grant{
			Owner:        rapid.SampledFrom([]string{"alice", "ALICE", "bob"}).Draw(t, "owner"),
			Scopes:       rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"read", "write", "admin", "read:issue", "delete:comment", "admin:user"}), 1, 3, rapid.ID[string]).Draw(t, "scopes"),
			SourceRanges: rapid.SliceOfN(rapid.SampledFrom(nestedRanges), 0, 3).Draw(t, "ranges"),
		}
		if rapid.Bool().Draw(t, "limited") {
			limit := rateLimits().Draw(t, "limit")
			g.RateLimit = &limit
		}
		return g
	})
}

// nestedRanges often lie within each other, and have each of the forms that a range can have.
var nestedRanges = prefixes(
	"0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "11.0.0.0/8",
	"::ffff:10.1.0.0/112", "::ffff:0.0.0.0/96", "::ffff:10.1.2.3/128", "::/95", "::/0", "2001:db8::/32", "2001:db8::1/128",
)

func expiries() *rapid.Generator[*time.Time] {
	return rapid.Map(rapid.IntRange(0, 3), func(n int) *time.Time {
		at := time.Unix(int64(n), 0)
		if n == 0 {
			return nil
		}
		return &at
	})
}

func TestWithinIsAnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := grants().Draw(t, "a"), grants().Draw(t, "b"), grants().Draw(t, "c")
		at, bt, ct := expiries().Draw(t, "a expires"), expiries().Draw(t, "b expires"), expiries().Draw(t, "c expires")
		if !a.Within(at, a, at) {
			t.Errorf("%+v is not within itself", a)
		}
		if a.Within(at, b, bt) && b.Within(bt, c, ct) && !a.Within(at, c, ct) {
			t.Errorf("%+v within %+v within %+v, but not within the last", a, b, c)
		}
	})
}

// What is within a grant lets nothing through, in the gateway, that the grant would not.
func TestWithinLetsNothingMoreThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := grants().Draw(t, "a"), grants().Draw(t, "b")
		at, bt := expiries().Draw(t, "a expires"), expiries().Draw(t, "b expires")
		a.Owner, a.Scopes = b.Owner, b.Scopes[:1] // or one in hundreds would be within the other
		if !a.Within(at, b, bt) {
			return
		}
		table := NewTable()
		inA, inB := put(t, table, 1, a, at), put(t, table, 2, b, bt)
		expectNoMoreAddresses(t, &inA, &inB)
		if !SameUser(inA.Owner, inB.Owner) || !inB.Scopes.Contains(inA.Scopes) ||
			(inB.RateLimit != RateLimit{} && (inA.RateLimit == RateLimit{} || !inA.RateLimit.Within(inB.RateLimit))) ||
			(inB.ExpiresAt != 0 && (inA.ExpiresAt == 0 || inA.ExpiresAt > inB.ExpiresAt)) {
			t.Errorf("%+v grants more than %+v", inA, inB)
		}
	})
}

// A range within another has no address, in the gateway, that the other has not.
func TestWithinRangesLetsNothingMoreThrough(t *testing.T) {
	for _, p := range nestedRanges {
		for _, other := range nestedRanges {
			if !WithinRanges(p, []netip.Prefix{other}) {
				continue
			}
			var inA, inB Record
			appendRanges(&inA.Ranges.flat, []netip.Prefix{p})
			appendRanges(&inB.Ranges.flat, []netip.Prefix{other})
			expectNoMoreAddresses(t, &inA, &inB)
		}
	}
}

func expectNoMoreAddresses(t interface{ Errorf(string, ...any) }, a, b *Record) {
	for _, text := range []string{
		"10.1.2.3", "10.1.9.9", "10.9.9.9", "11.1.1.1", "192.0.2.1", "::1", "2001:db8::1", "2001:db8::2", "2001:db9::1",
	} {
		address := netip.MustParseAddr(text)
		if allows(a, address) && !allows(b, address) {
			t.Errorf("%v lets %s in, %v does not", a.Ranges.all(), text, b.Ranges.all())
		}
	}
}

func put(t *rapid.T, table *Table, n int, g *Grant, expiresAt *time.Time) Record {
	c := sample(n)
	c.Grant, c.ExpiresAt = *g, expiresAt
	if err := table.Put(c.ID, c); err != nil {
		t.Fatal(err)
	}
	r, _ := table.Lookup(c.Hash)
	return r
}

func allows(r *Record, address netip.Addr) bool {
	return r.Ranges.Len() == 0 || r.Ranges.Contains(address)
}

func TestWithinSaysNo(t *testing.T) {
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	later := at.Add(1)
	base := Grant{
		Owner: "alice", Scopes: []string{"read"}, SourceRanges: prefixes("10.0.0.0/8"),
		RateLimit: &RateLimit{Requests: 60, Period: time.Minute, Burst: 10},
	}
	for name, change := range map[string]func(*Grant, **time.Time){
		"owner":       func(g *Grant, _ **time.Time) { g.Owner = "bob" },
		"scope":       func(g *Grant, _ **time.Time) { g.Scopes = []string{"read", "write"} },
		"any address": func(g *Grant, _ **time.Time) { g.SourceRanges = nil },
		"wider range": func(g *Grant, _ **time.Time) { g.SourceRanges = prefixes("10.0.0.0/7") },
		"other range": func(g *Grant, _ **time.Time) { g.SourceRanges = prefixes("10.1.0.0/16", "11.0.0.0/8") },
		"no limit":    func(g *Grant, _ **time.Time) { g.RateLimit = nil },
		"burst":       func(g *Grant, _ **time.Time) { g.RateLimit = &RateLimit{Requests: 60, Period: time.Minute, Burst: 11} },
		"rate":        func(g *Grant, _ **time.Time) { g.RateLimit = &RateLimit{Requests: 2, Period: time.Second, Burst: 10} },
		"later":       func(_ *Grant, e **time.Time) { *e = &later },
		"never":       func(_ *Grant, e **time.Time) { *e = nil },
	} {
		g, expiresAt := base, &at
		g.Scopes = slices.Clone(base.Scopes)
		change(&g, &expiresAt)
		if g.Within(expiresAt, &base, &at) {
			t.Errorf("%s: within", name)
		}
	}
}

func TestWithinRanges(t *testing.T) {
	for _, tc := range []struct {
		wanted string
		others []string
		want   bool
	}{
		{"10.1.0.0/16", []string{"10.0.0.0/8"}, true},
		{"10.0.0.0/8", []string{"10.0.0.0/8"}, true},
		{"10.0.0.0/7", []string{"10.0.0.0/8"}, false},
		{"10.0.0.0/8", []string{"10.0.0.0/9", "10.128.0.0/9"}, false}, // together they hold it, alone neither does
		{"11.0.0.0/8", []string{"10.0.0.0/8", "11.0.0.0/8"}, true},
		{"10.0.0.0/8", []string{"::/0"}, false},
		{"2001:db8::/48", []string{"2001:db8::/32"}, true},
		{"::/0", []string{"0.0.0.0/0"}, false},
		{"::ffff:10.1.0.0/112", []string{"10.0.0.0/8"}, true}, // the same range in the form of IPv6
		{"10.1.0.0/16", []string{"::ffff:10.0.0.0/104"}, true},
		{"::ffff:10.1.0.0/112", []string{"::/0"}, false}, // as the gateway compares
		{"10.1.0.0/16", nil, false},
	} {
		if got := WithinRanges(netip.MustParsePrefix(tc.wanted), prefixes(tc.others...)); got != tc.want {
			t.Errorf("%s within %v: %v", tc.wanted, tc.others, got)
		}
	}
}
