// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/netip"
	"strings"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

// The networks that stand for an address where the policy wants no more of it.
const (
	prefixBitsIPv4 = 24
	prefixBitsIPv6 = 64
)

// privacy is how much of a client's address and user agent an audit line has.
type privacy struct{ addresses, userAgents string }

// privacyOf says nothing of clients until a policy's configuration is known.
func privacyOf(s *Settings) privacy {
	if s == nil {
		return privacy{gatewayconfig.PrecisionNone, gatewayconfig.PrecisionNone}
	}
	return s.audit.privacy
}

func (p privacy) address(address netip.Addr) string {
	if p.addresses == gatewayconfig.PrecisionFull {
		return address.String()
	}
	return p.network(address)
}

// network is the network of an address, or nothing at all.
func (p privacy) network(address netip.Addr) string {
	if p.addresses == gatewayconfig.PrecisionNone || !address.IsValid() {
		return ""
	}
	bits := prefixBitsIPv6
	if address = address.Unmap(); address.Is4() {
		bits = prefixBitsIPv4
	}
	return netip.PrefixFrom(address.WithZone(""), bits).Masked().String()
}

func (p privacy) userAgent(agent string) string {
	switch p.userAgents {
	case gatewayconfig.PrecisionFull:
		return bounded(redactSigned(redactTokens(agent)), maxAuditAgent)
	case gatewayconfig.PrecisionPrefix:
		return bounded(product(redactSigned(redactTokens(agent))), maxAuditField)
	}
	return ""
}

// product is the name of the first product of a user agent, without its version: what is no character of such a name (RFC
// 9110, token) ends it.
func product(agent string) string {
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
