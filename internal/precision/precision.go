// SPDX-License-Identifier: Apache-2.0

// Package precision tells of clients as exactly as a policy wants and no more: their addresses, the programs that they are,
// and the times of their requests.
package precision

import (
	"net/netip"
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// The precisions, as policies have them. What is none of them tells nothing, or the day.
const (
	Full   = string(v1alpha1.PrecisionFull)
	Prefix = string(v1alpha1.PrecisionPrefix)
	None   = string(v1alpha1.PrecisionNone)

	Minute = string(v1alpha1.TimesToTheMinute)
	Hour   = string(v1alpha1.TimesToTheHour)
	Day    = string(v1alpha1.TimesToTheDay)
)

// The networks that stand for an address where the policy wants no more of it.
const (
	prefixBitsIPv4 = 24
	prefixBitsIPv6 = 64
)

// Address keeps of an address what a precision allows: all of it, its network, or nothing (the zero value). A precision that
// is not known allows nothing.
func Address(address netip.Addr, precision string) netip.Prefix {
	if !address.IsValid() {
		return netip.Prefix{}
	}
	address = address.Unmap().WithZone("")
	switch precision {
	case Full:
		return netip.PrefixFrom(address, address.BitLen())
	case Prefix:
		bits := prefixBitsIPv6
		if address.Is4() {
			bits = prefixBitsIPv4
		}
		return netip.PrefixFrom(address, bits).Masked()
	}
	return netip.Prefix{}
}

// Text writes what Address kept: an address, a network, or nothing.
func Text(kept netip.Prefix) string {
	switch {
	case !kept.IsValid():
		return ""
	case kept.IsSingleIP():
		return kept.Addr().String()
	}
	return kept.String()
}

// Product is the name of the first product of a user agent, without its version: what is no character of such a name (RFC
// 9110, token) ends it. It is a part of the text, not a copy.
func Product(agent string) string {
	const marks = "!#$%&'*+-.^_`|~"
	end := strings.IndexFunc(agent, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune(marks, r)
	})
	if end < 0 {
		return agent
	}
	return agent[:end]
}

// Time rounds down to the minute, hour or day (UTC). A precision that is not known is taken for the day.
func Time(at time.Time, precision string) time.Time { return at.UTC().Truncate(Unit(precision)) }

// Unit is how far a time may be behind that Time has rounded.
func Unit(precision string) time.Duration {
	switch precision {
	case Minute:
		return time.Minute
	case Hour:
		return time.Hour
	}
	return 24 * time.Hour
}
