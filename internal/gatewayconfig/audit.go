// SPDX-License-Identifier: Apache-2.0

package gatewayconfig

import (
	"fmt"
	"slices"

	"github.com/jiratokens/jira-token-operator/internal/precision"
)

// Audit says what becomes of audit lines.
type Audit struct {
	// DropOnOverflow lets requests that change something pass without a line, where there is no room for one.
	DropOnOverflow bool `json:"dropOnOverflow,omitempty"`
	// Addresses and UserAgents are those of package precision; absent: Full.
	Addresses  string `json:"addresses,omitempty"`
	UserAgents string `json:"userAgents,omitempty"`
}

func (a *Audit) validate() error {
	if a == nil {
		return nil
	}
	known := []string{"", precision.None, precision.Prefix, precision.Full}
	if !slices.Contains(known, a.Addresses) || !slices.Contains(known, a.UserAgents) {
		return fmt.Errorf("gateway configuration has audit.addresses %q and audit.userAgents %q; known are None, Prefix and Full",
			a.Addresses, a.UserAgents)
	}
	return nil
}
