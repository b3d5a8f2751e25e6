// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

// trie is a binary trie of prefixes in one array, to compare with.
type trie struct{ nodes [][2]uint32 } // 0: none, 1: all below; else a node

func newTrie(list []netip.Prefix) *trie {
	t := &trie{nodes: make([][2]uint32, 2)}
	for _, p := range list {
		at, address, bits := uint32(0), p.Addr().As16(), p.Bits()
		if p.Addr().Is4() {
			bits += 96
		}
		for depth := range bits {
			next := &t.nodes[at][address[depth/8]>>(7-depth%8)&1]
			if *next == 1 {
				break
			}
			if depth == bits-1 {
				*next = 1
				break
			}
			if *next == 0 {
				*next = uint32(len(t.nodes))
				t.nodes = append(t.nodes, [2]uint32{})
				at = uint32(len(t.nodes) - 1)
			} else {
				at = *next
			}
		}
	}
	return t
}

func (t *trie) contains(addr netip.Addr) bool {
	address, at := addr.As16(), uint32(0)
	for depth := range 128 {
		at = t.nodes[at][address[depth/8]>>(7-depth%8)&1]
		if at < 2 {
			return at == 1
		}
	}
	return false
}

func containsByNetip(v RangeView, addr netip.Addr) bool {
	addr = addr.Unmap()
	for i := range v.flat {
		if v.At(i).Contains(addr) {
			return true
		}
	}
	return false
}

// BenchmarkRanges compares one after the other, as it is done, with package netip's way and with a trie, for the usual
// number of ranges and the most; the address is in none, which is the worst.
func BenchmarkRanges(b *testing.B) {
	for _, n := range []int{1, 4, 64} {
		var list []netip.Prefix
		random := rand.New(rand.NewPCG(1, 2))
		for range n {
			list = append(list, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(random.Uint32()), byte(random.Uint32()), 0}), 24))
		}
		view, nodes, outside := RangeView{}, newTrie(list), netip.MustParseAddr("10.0.0.1")
		appendRanges(&view.flat, list)
		for name, contains := range map[string]func(netip.Addr) bool{
			"linear": view.Contains, "trie": nodes.contains, "netip": func(a netip.Addr) bool { return containsByNetip(view, a) },
		} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if contains(outside) {
						b.Fatal("it is in none")
					}
				}
			})
		}
	}
}

// TestContainsAsNetipDoes: whatever the range and the address.
func TestContainsAsNetipDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		address := rapid.Custom(func(t *rapid.T) netip.Addr {
			raw := [16]byte(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 0x80, 0xff}), 16, 16).Draw(t, "bytes"))
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0:
				return netip.AddrFrom4([4]byte(raw[:4]))
			case 1:
				return netip.AddrFrom16(netip.AddrFrom4([4]byte(raw[:4])).As16())
			case 2:
				return netip.AddrFrom16(raw).WithZone("eth0")
			case 3:
				return netip.Addr{}
			}
			return netip.AddrFrom16(raw)
		})
		var list []netip.Prefix
		for range rapid.IntRange(1, 3).Draw(t, "ranges") {
			from := address.Filter(netip.Addr.IsValid).Draw(t, "from").WithZone("")
			list = append(list, netip.PrefixFrom(from, rapid.IntRange(0, from.BitLen()).Draw(t, "bits")))
		}
		var view RangeView
		appendRanges(&view.flat, list)
		addr := address.Draw(t, "address")
		if got, want := view.Contains(addr), containsByNetip(view, addr); got != want {
			t.Fatalf("%v in %v: %v, netip says %v", addr, list, got, want)
		}
	})
}
