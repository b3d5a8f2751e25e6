// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/netip"
	"slices"
	"strings"
)

// defaultAddressHeader is where proxies say whom they speak for, unless the policy names another header.
const defaultAddressHeader = "X-Forwarded-For"

// clientAddress is step 3: the peer, or, if that is a trusted proxy, the right-most hop of the header that is not one. All
// lines of the header are one list. An entry that can't be read, an empty one too, makes it the zero Addr, which is in no
// range: what stands left of it can't be trusted either. The design says the peer in that case; but the peer is the proxy,
// and tokens whose ranges are the cluster's own network often have it within them, so that whoever could make the proxy
// write such an entry would be let in. Tokens without ranges are not affected, and the audit log has the peer.
func clientAddress(s *Settings, r *Request) netip.Addr {
	address := r.Peer
	if len(s.trusted) == 0 || !isTrusted(s.trusted, address) {
		return address
	}
	for _, line := range slices.Backward(r.Header[s.addressHeader]) {
		for more := true; more; {
			hop := line
			comma := strings.LastIndexByte(line, ',')
			if more = comma >= 0; more {
				line, hop = line[:comma], line[comma+1:]
			}
			parsed, ok := parseHop(strings.TrimSpace(hop))
			if !ok {
				return netip.Addr{}
			}
			if address = parsed; !isTrusted(s.trusted, address) {
				return address
			}
		}
	}
	return address
}

func isTrusted(trusted []netip.Prefix, address netip.Addr) bool {
	for _, prefix := range trusted {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// parseHop reads an address, with a port or without.
func parseHop(hop string) (netip.Addr, bool) {
	if address, err := netip.ParseAddr(strings.Trim(hop, "[]")); err == nil {
		return address.Unmap().WithZone(""), true
	}
	if addrPort, err := netip.ParseAddrPort(hop); err == nil {
		return addrPort.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}
