// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"encoding/binary"
	"net/netip"

	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// Record is what the table knows of one token. Its strings and ranges are parts of the table, not copies.
type Record struct {
	ID, Owner            string
	Namespace, Name, UID string // of the ApiToken
	BlockedReason        string
	Scopes               scope.Set
	Blocked              bool
	IssuedAt             int64 // Unix seconds; 0: not known
	ExpiresAt, RetireAt  int64 // Unix nanoseconds; 0: never
	Ranges               RangeView
	Headers              HeaderPatterns
	RateLimit            RateLimit // the zero value: none
}

// flatPrefix is a netip.Prefix without the pointer that an address has inside.
type flatPrefix struct {
	address [16]byte
	bits    uint8
	is4     bool
}

// RangeView is a list of source ranges. That an empty one restricts nothing is for the caller to say.
type RangeView struct{ flat []flatPrefix }

// Len is the number of ranges.
func (v RangeView) Len() int { return len(v.flat) }

// At returns one range.
func (v RangeView) At(i int) netip.Prefix { return v.flat[i].prefix() }

// Contains tells whether one of the ranges has the address. An IPv4 address mapped to IPv6 counts as the IPv4 address
// that it is; an address with a zone is in no range.
func (v RangeView) Contains(addr netip.Addr) bool {
	addr = addr.Unmap()
	if !addr.IsValid() || addr.Zone() != "" {
		return false
	}
	is4, as16 := addr.Is4(), addr.As16()
	for i := range v.flat {
		if v.flat[i].is4 == is4 && v.flat[i].contains(&as16) {
			return true
		}
	}
	return false
}

// contains looks at the bits that count, of both halves. With up to 64 ranges, as many as a token can have, one after
// the other is faster than a binary trie: see BenchmarkRanges.
func (f *flatPrefix) contains(address *[16]byte) bool {
	bits := f.bits
	if f.is4 {
		bits += 96
	}
	high := binary.BigEndian.Uint64(f.address[:8]) ^ binary.BigEndian.Uint64(address[:8])
	if bits <= 64 {
		return high>>(64-bits) == 0
	}
	low := binary.BigEndian.Uint64(f.address[8:]) ^ binary.BigEndian.Uint64(address[8:])
	return high == 0 && low>>(128-bits) == 0
}

func (v RangeView) all() []netip.Prefix {
	if len(v.flat) == 0 {
		return nil
	}
	list := make([]netip.Prefix, len(v.flat))
	for i := range v.flat {
		list[i] = v.At(i)
	}
	return list
}

func flatten(p netip.Prefix) flatPrefix {
	p = unmapped(p)
	return flatPrefix{address: p.Addr().As16(), bits: uint8(p.Bits()), is4: p.Addr().Is4()} //nolint:gosec // 0 to 128
}

// unmapped is the same range as people write it, and the form that Contains compares with.
func unmapped(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}

func (f *flatPrefix) prefix() netip.Prefix {
	address := netip.AddrFrom16(f.address)
	if f.is4 {
		address = address.Unmap()
	}
	return netip.PrefixFrom(address, int(f.bits))
}
