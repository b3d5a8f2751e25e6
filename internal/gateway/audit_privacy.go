// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/netip"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/precision"
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
	if p.addresses == gatewayconfig.PrecisionNone {
		return ""
	}
	return precision.Text(precision.Address(address, gatewayconfig.PrecisionPrefix))
}

func (p privacy) userAgent(agent string) string {
	switch p.userAgents {
	case gatewayconfig.PrecisionFull:
		return bounded(redactSigned(redactTokens(agent)), maxAuditAgent)
	case gatewayconfig.PrecisionPrefix:
		return bounded(precision.Product(redactSigned(redactTokens(agent))), maxAuditField)
	}
	return ""
}
