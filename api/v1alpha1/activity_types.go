// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ActivityStatus is what the gateways report of a token's use. It is behind by
// up to ten minutes, or longer with very many tokens: docs/activity.md says by
// how much. Counts are those since the ApiToken was declared; when a gateway is
// killed, what it has not reported yet is lost.
type ActivityStatus struct {
	// lastUsedAt is when the last request was let through, as exactly as the
	// policy wants to know; absent: none was.
	// +optional
	LastUsedAt *metav1.Time `json:"lastUsedAt,omitempty"`

	// lastAddress is where that request came from, as exactly as the policy wants
	// to know: an address, or its network such as 203.0.113.0/24.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	LastAddress string `json:"lastAddress,omitempty"`

	// lastUserAgent is the program that made it, as exactly as the policy wants to
	// know. A client can send what it likes.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	LastUserAgent string `json:"lastUserAgent,omitempty"`

	// requests is how many requests were let through to Jira.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Requests int64 `json:"requests,omitempty"`

	// refused is how many requests were refused.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Refused int64 `json:"refused,omitempty"`

	// refusals tells why, the most frequent reasons first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Refusals []RefusalCount `json:"refusals,omitempty"`

	// lastRefusedAt is when the last request was refused.
	// +optional
	LastRefusedAt *metav1.Time `json:"lastRefusedAt,omitempty"`

	// counted names the last report of each gateway that is part of the counts,
	// the newest first, so that a report that comes twice counts once.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Counted []CountedReport `json:"counted,omitempty"`
}

// RefusalCount is how many requests were refused for one reason.
type RefusalCount struct {
	// reason as in the gateway's audit log and metrics, such as scope or expired.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Reason string `json:"reason"`

	// count of the requests.
	// +required
	// +kubebuilder:validation:Minimum=1
	Count int64 `json:"count"`
}

// CountedReport is a gateway's report that is part of a token's counts.
type CountedReport struct {
	// gateway is the process that made it, by a name that it chose at random when
	// it started.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Gateway string `json:"gateway"`

	// number of the report: each of a gateway has a higher one than those before.
	// +required
	// +kubebuilder:validation:Minimum=1
	Number int64 `json:"number"`
}

// ActivityReporting tells whether a policy's gateways report the use of its
// tokens.
type ActivityReporting struct {
	// since is when the first report came. A token's condition Unused counts from
	// then at the earliest.
	// +required
	Since metav1.Time `json:"since"`

	// lastReportAt is when the last report came, to about ten minutes: gateways
	// report as often even if there is nothing to tell.
	// +required
	LastReportAt metav1.Time `json:"lastReportAt"`
}
