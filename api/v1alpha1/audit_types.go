// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// GatewayAudit configures the gateway's audit log: one line of JSON for each
// request, on its standard output.
type GatewayAudit struct {
	// onOverflow says what happens while audit lines can't be written as fast as
	// requests come, or not at all. Refuse: a request that would change something
	// in Jira is refused with 503 and Retry-After before it goes there, so that
	// nothing is changed without a line; what only reads goes on, and its line is
	// dropped in the end. Drop: everything goes on. Lines that are dropped are
	// counted in a metric. Default: Refuse.
	// +optional
	// +kubebuilder:default=Refuse
	OnOverflow AuditOverflow `json:"onOverflow,omitempty"`

	// addresses says how much of a client's address the lines have. Full: all of
	// it. Prefix: its network, /24 of IPv4 and /64 of IPv6. None: nothing. What
	// source ranges and rate limits are judged by does not change. Default: Full.
	// +optional
	// +kubebuilder:default=Full
	Addresses Precision `json:"addresses,omitempty"`

	// userAgents says how much of a client's User-Agent the lines have. Full: up
	// to 256 bytes. Prefix: the first product's name without its version, such as
	// python-requests. None: nothing. Default: Full.
	// +optional
	// +kubebuilder:default=Full
	UserAgents Precision `json:"userAgents,omitempty"`
}

// AuditOverflow says what happens when audit lines can't be written.
// +kubebuilder:validation:Enum=Drop;Refuse
type AuditOverflow string

// The values of AuditOverflow.
const (
	AuditDrop   AuditOverflow = "Drop"
	AuditRefuse AuditOverflow = "Refuse"
)

// Precision says how much is kept of something that can tell who a person is.
// +kubebuilder:validation:Enum=None;Prefix;Full
type Precision string

// The values of Precision.
const (
	PrecisionNone   Precision = "None"
	PrecisionPrefix Precision = "Prefix"
	PrecisionFull   Precision = "Full"
)
