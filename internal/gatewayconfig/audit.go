// SPDX-License-Identifier: Apache-2.0

package gatewayconfig

import (
	"fmt"
	"slices"
)

// How precise something about a client is in the audit log.
const (
	PrecisionNone   = "None"
	PrecisionPrefix = "Prefix"
	PrecisionFull   = "Full"
)

// Audit says what becomes of audit lines.
type Audit struct {
	// DropOnOverflow lets requests that change something pass without a line, where there is no room for one.
	DropOnOverflow bool `json:"dropOnOverflow,omitempty"`
	// Addresses and UserAgents are precisions; absent: Full.
	Addresses  string `json:"addresses,omitempty"`
	UserAgents string `json:"userAgents,omitempty"`
}

func (a *Audit) validate() error {
	if a == nil {
		return nil
	}
	known := []string{"", PrecisionNone, PrecisionPrefix, PrecisionFull}
	if !slices.Contains(known, a.Addresses) || !slices.Contains(known, a.UserAgents) {
		return fmt.Errorf("gateway configuration has audit.addresses %q and audit.userAgents %q; known are None, Prefix and Full",
			a.Addresses, a.UserAgents)
	}
	return nil
}
