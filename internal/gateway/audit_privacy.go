// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/netip"

	"github.com/jiratokens/jira-token-operator/internal/precision"
)

// privacy is how much of a client's address and user agent an audit line has.
type privacy struct{ addresses, userAgents string }

// privacyOf says nothing of clients until a policy's configuration is known.
func privacyOf(s *Settings) privacy {
	if s == nil {
		return privacy{precision.None, precision.None}
	}
	return s.audit.privacy
}

func (p privacy) address(address netip.Addr) string {
	if p.addresses == precision.Full {
		return address.String()
	}
	return p.network(address)
}

// network is the network of an address, or nothing at all.
func (p privacy) network(address netip.Addr) string {
	if p.addresses == precision.None {
		return ""
	}
	return precision.Text(precision.Address(address, precision.Prefix))
}

func (p privacy) userAgent(agent string) string {
	limit := maxAuditField
	if p.userAgents == precision.Full {
		limit = maxAuditAgent
	}
	return bounded(keptAgent(agent, p.userAgents), limit)
}

// keptAgent is what a precision allows of a user agent: a part of the text, as far as nothing has to be taken out of it.
func keptAgent(agent, kept string) string {
	switch kept {
	case precision.Full:
		return redactSigned(redactTokens(agent))
	case precision.Prefix:
		return precision.Product(redactSigned(redactTokens(agent)))
	}
	return ""
}
