// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// sample makes a credential that differs from that of any other number.
func sample(n int) *Credential {
	expires := time.Date(2027, 1, 1, 0, 0, n%1000, 0, time.UTC)
	return &Credential{
		ID: fmt.Sprintf("%012d", n), Hash: sha256.Sum256(fmt.Append(nil, n)), State: Active,
		Token: TokenReference{
			Namespace: fmt.Sprintf("team-%d", n%50), Name: fmt.Sprintf("token-%d", n),
			UID: types.UID(fmt.Sprintf("0d9c6f5e-6a0b-4e52-9a53-%012d", n)),
		},
		IssuedAt:  time.Date(2026, 1, 1, 0, 0, n%1000, 0, time.UTC),
		ExpiresAt: &expires,
		Grant: Grant{
			Owner: fmt.Sprintf("user%d@corp.example", n%2000), Scopes: []string{"read", "write"},
			SourceRanges: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32")},
			RateLimit:    &RateLimit{Requests: int32(n%1000) + 1, Period: time.Minute, Burst: int32(n%10) + 1},
		},
	}
}

func TestLookup(t *testing.T) {
	table := NewTable()
	c := sample(1)
	c.State, c.BlockedReason = Blocked, "the token is suspended"
	if err := table.Put("a", c); err != nil {
		t.Fatal(err)
	}
	got, ok := table.Lookup(c.Hash)
	if !ok || table.Len() != 1 {
		t.Fatalf("not found; length %d", table.Len())
	}
	want := Record{
		ID: c.ID, Owner: c.Grant.Owner, Namespace: "team-1", Name: "token-1", UID: string(c.Token.UID),
		Blocked: true, BlockedReason: "the token is suspended", Scopes: scope.Read.With(scope.Write),
		IssuedAt: c.IssuedAt.Unix(), ExpiresAt: c.ExpiresAt.UnixNano(), Ranges: got.Ranges, RateLimit: *c.Grant.RateLimit,
	}
	if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(got.Ranges.all(), c.Grant.SourceRanges) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	other := c.Hash
	other[31]++ // same shard, same slot
	if _, ok := table.Lookup(other); ok {
		t.Error("found a hash that was never put")
	}
	if _, ok := NewTable().Lookup(c.Hash); ok {
		t.Error("found something in an empty table")
	}
}

// Two Secrets with one hash: the first stays, whatever happens to the second.
func TestHashClaimedTwice(t *testing.T) {
	table := NewTable()
	first, second := sample(1), sample(2)
	second.Hash = first.Hash
	if err := table.Put("first", first); err != nil {
		t.Fatal(err)
	}
	if err := table.Put("second", second); !errors.Is(err, ErrClaimed) {
		t.Errorf("want ErrClaimed, got %v", err)
	}
	table.Delete("second")
	if r, ok := table.Lookup(first.Hash); !ok || r.ID != first.ID {
		t.Errorf("the first one is gone: %+v", r)
	}
	b := NewBuilder()
	if err := b.Add("first", first); err != nil {
		t.Fatal(err)
	}
	if err := b.Add("second", second); !errors.Is(err, ErrClaimed) {
		t.Errorf("want ErrClaimed, got %v", err)
	}
	table.Replace(b)
	if r, _ := table.Lookup(first.Hash); r.ID != first.ID || table.Len() != 1 {
		t.Errorf("the second one took its place: %+v", r)
	}
}

// An object whose credential is refused has none: what it had before must not live on.
func TestRefusedPutRemoves(t *testing.T) {
	for name, spoil := range map[string]func(*Credential){
		"scope": func(c *Credential) { c.Grant.Scopes = []string{"read", "everything"} },
		"state": func(c *Credential) { c.State = "asleep" },
		"owner": func(c *Credential) { c.Grant.Owner = "" },
		"taken": func(c *Credential) { c.Hash = sample(7).Hash },
		"rate":  func(c *Credential) { c.Grant.RateLimit.Burst = 0 },
	} {
		table := NewTable()
		if err := errors.Join(table.Put("a", sample(1)), table.Put("other", sample(7))); err != nil {
			t.Fatal(err)
		}
		bad := sample(1)
		spoil(bad)
		if err := table.Put("a", bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if _, ok := table.Lookup(sample(1).Hash); ok || table.Len() != 1 {
			t.Errorf("%s: the old credential still works", name)
		}
	}
}

func TestTimes(t *testing.T) {
	for _, at := range []time.Time{{}, time.Unix(0, 0), time.Unix(-1, 0)} {
		if got := nanoseconds(&at); got != 1 {
			t.Errorf("%v: got %d, want long past and not none", at, got)
		}
	}
	far := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	if got := nanoseconds(&far); got != maxTime.UnixNano() {
		t.Errorf("far future: got %d", got)
	}
	if nanoseconds(nil) != 0 || timeOf(0) != nil {
		t.Error("none is not 0")
	}
}

func TestContains(t *testing.T) {
	table := NewTable()
	c := sample(1)
	c.Grant.SourceRanges = nil
	for _, r := range []string{"203.0.113.0/24", "2001:db8::/32", "::ffff:192.0.2.0/120", "10.1.2.3/32"} {
		c.Grant.SourceRanges = append(c.Grant.SourceRanges, netip.MustParsePrefix(r))
	}
	if err := table.Put("a", c); err != nil {
		t.Fatal(err)
	}
	r, _ := table.Lookup(c.Hash)
	for address, want := range map[string]bool{
		"203.0.113.9": true, "203.0.114.9": false, "::ffff:203.0.113.9": true, "2001:db8::1": true, "2001:db9::1": false,
		"192.0.2.200": true, "::ffff:192.0.2.200": true, "10.1.2.3": true, "10.1.2.4": false, "2001:db8::1%eth0": false,
	} {
		if got := r.Ranges.Contains(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: got %v", address, got)
		}
	}
	if r.Ranges.Contains(netip.Addr{}) || (RangeView{}).Contains(netip.MustParseAddr("10.1.2.3")) {
		t.Error("the zero address is in a range, or an empty list contains something")
	}
}

// Scopes are interned, so that 100,000 entries stay small, and an older shard goes on reading its own list.
func TestScopesAreInterned(t *testing.T) {
	if size := reflect.TypeFor[entry]().Size(); size > 144 {
		t.Errorf("an entry has %d bytes; 144 are enough", size)
	}
	table := NewTable()
	lists := [][]string{{"read"}, {"read:issue", "write:comment"}, {"admin:user"}, {"read"}, {"read:issue"}}
	for n, list := range lists {
		c := sample(n)
		c.Hash[0], c.Grant.Scopes = 7, list // all in one shard
		if err := table.Put(fmt.Sprint("object-", n), c); err != nil {
			t.Fatal(err)
		}
	}
	for n, list := range lists {
		hash := sample(n).Hash
		hash[0] = 7
		if r, ok := table.Lookup(hash); !ok || !slices.Equal(r.Scopes.Names(), list) {
			t.Errorf("%v became %v", list, r.Scopes.Names())
		}
	}
	if s := table.shards[7].Load(); len(s.scopes) != 4 {
		t.Errorf("%d sets of scopes for 4 different ones", len(s.scopes))
	}
}
