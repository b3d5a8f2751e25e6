// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Monitoring says what is watched of a policy's tokens and when it warns.
type Monitoring struct {
	// expiringBefore is how long before its expiry a token's condition Expiring
	// becomes True. A token whose whole lifetime, from the declaration of its
	// expiry, is shorter than twice that is Expiring in the last fifth of it.
	// Default: 120h (5 days).
	// +optional
	// +kubebuilder:default="120h"
	ExpiringBefore Lifetime `json:"expiringBefore,omitempty"`

	// unusedAfter is how long a token may go without a request that was let
	// through until its condition Unused becomes True. Absent: it never does.
	// +optional
	UnusedAfter Lifetime `json:"unusedAfter,omitempty"`

	// activity says what the tokens' status tells of their use.
	// +optional
	Activity *ActivityReport `json:"activity,omitempty"`

	// perTokenMetrics has the gateways count requests for each token as well
	// (jiratokens_gateway_token_requests_total), for the first 1000 tokens that
	// are used at each replica. Each is a series for Prometheus to keep. Default:
	// false.
	// +optional
	PerTokenMetrics bool `json:"perTokenMetrics,omitempty"`
}

// ActivityReport says how exactly the tokens' status tells of their use. The
// gateways' audit log has settings of its own (gateway.audit).
type ActivityReport struct {
	// disabled has the gateways report nothing: the tokens have no
	// status.activity. Default: false.
	// +optional
	Disabled bool `json:"disabled,omitempty"`

	// times says how exactly times are told: to the minute, hour or day (UTC).
	// Default: Minute.
	// +optional
	// +kubebuilder:default=Minute
	Times TimePrecision `json:"times,omitempty"`

	// addresses says how much of the last client's address is told. Full: all of
	// it. Prefix: its network, /24 of IPv4 and /64 of IPv6. None: nothing.
	// Default: Prefix.
	// +optional
	// +kubebuilder:default=Prefix
	Addresses Precision `json:"addresses,omitempty"`

	// userAgents says how much of the last client's User-Agent is told. Full: up
	// to 256 bytes. Prefix: the first product's name without its version, such as
	// python-requests. None: nothing. Default: Prefix.
	// +optional
	// +kubebuilder:default=Prefix
	UserAgents Precision `json:"userAgents,omitempty"`
}

// TimePrecision says how exactly a time is told.
// +kubebuilder:validation:Enum=Minute;Hour;Day
type TimePrecision string

// The values of TimePrecision.
const (
	TimesToTheMinute TimePrecision = "Minute"
	TimesToTheHour   TimePrecision = "Hour"
	TimesToTheDay    TimePrecision = "Day"
)
