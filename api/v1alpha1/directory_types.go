// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Directory says how the operator reads groups and users from Jira. With it,
// `jiraGroups[].fromJira` works, and the owners of tokens are checked to be
// active users who are still the same people. The credential must be that of
// a user who may see group members (a Jira administrator).
// +kubebuilder:validation:XValidation:rule="![self.refreshInterval, self.maxStaleness].all(d, d.matches('^([0-9]{1,6}[hms])+$')) || duration(self.refreshInterval) + duration(self.refreshInterval) <= duration(self.maxStaleness)",message="maxStaleness must be at least twice refreshInterval: otherwise every answer is too old before the next one comes"
// +kubebuilder:validation:XValidation:rule="has(self.secretRef) != has(self.oauth)",message="set exactly one of secretRef (a personal access token, or user name and password) and oauth (the consumer of spec.impersonation.oauth, as a named user)"
type Directory struct {
	// secretRef names a Secret with the key `token` (a Jira personal access
	// token) or the keys `username` and `password`.
	// +optional
	SecretRef *SecretReference `json:"secretRef,omitempty"`

	// oauth reads with the consumer of spec.impersonation.oauth, as a named user.
	// +optional
	OAuth *DirectoryOAuth `json:"oauth,omitempty"`

	// refreshInterval is how often groups and owners are read: a user who leaves a
	// group loses what the group permits within this time. Hours, minutes and
	// seconds, from 10s. Default: 5m.
	// +optional
	// +kubebuilder:default="5m"
	RefreshInterval RefreshInterval `json:"refreshInterval,omitempty"`

	// maxStaleness is how long the last answer counts while Jira can't be read.
	// After it, whatever depends on a group or owner that Jira would have to
	// confirm is not permitted until Jira answers again. At least twice
	// refreshInterval. Default: 24h.
	// +optional
	// +kubebuilder:default="24h"
	MaxStaleness Staleness `json:"maxStaleness,omitempty"`

	// holdLoss is how long a group that suddenly lost more than half of its members
	// keeps those members: a directory that answers with half of its users would
	// otherwise stop half of all tokens. The loss is reported, and applied after
	// this time, or at once when the annotation `jiratokens.io/confirm-loss` on the
	// policy has the value that the condition DirectorySynced names. 0s applies
	// every loss at once. Default: 1h.
	// +optional
	// +kubebuilder:default="1h"
	HoldLoss HoldTime `json:"holdLoss,omitempty"`
}

// DirectoryOAuth names the user whom the operator reads Jira as.
type DirectoryOAuth struct {
	// username is the Jira user name.
	// +required
	Username JiraUserName `json:"username"`
}

// RefreshInterval is a length of time in hours, minutes and seconds, such as
// 5m.
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}[hms])+$') && duration(self) >= duration('10s') && duration(self) <= duration('24h')",message="must be hours, minutes or seconds from 10s to 24h, such as 5m"
type RefreshInterval string

// Duration parses the interval; the schema has already refused what can't be
// parsed.
func (i RefreshInterval) Duration() (time.Duration, error) { return time.ParseDuration(string(i)) }

// HoldTime is a length of time in hours, minutes and seconds, such as 1h.
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}[hms])+$') && duration(self) <= duration('168h')",message="must be hours, minutes or seconds up to 168h, such as 1h; 0s means none"
type HoldTime string

// Duration parses the time; the schema has already refused what can't be
// parsed.
func (h HoldTime) Duration() (time.Duration, error) { return time.ParseDuration(string(h)) }

// GroupStatus is what the operator knows of one group of Jira's.
type GroupStatus struct {
	// name of the group.
	// +required
	Name JiraGroupName `json:"name"`

	// members is the number of active users in the group, its sub-groups
	// included. It counts what the operator goes by: during a held loss, the
	// members before it.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Members *int32 `json:"members,omitempty"`

	// syncedAt is when Jira last confirmed the members, to within the refresh
	// interval; absent: never.
	// +optional
	SyncedAt *metav1.Time `json:"syncedAt,omitempty"`

	// problem says why the group's members could not be read or applied.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Problem string `json:"problem,omitempty"`
}
