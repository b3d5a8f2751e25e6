// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Rotation says how often a token's credential is replaced by a new one. The
// expiry of the token does not move by it.
// +kubebuilder:validation:XValidation:rule="!has(self.overlap) || !has(self.every) || !self.overlap.matches('^([0-9]{1,6}[hms])+$') || !self.every.matches('^([0-9]{1,6}[hms])+$') || duration(self.overlap) < duration(self.every)",message="overlap must be shorter than every: a credential may not outlive its successor"
type Rotation struct {
	// every is the age at which a credential is replaced, in hours, minutes and
	// seconds from 10m to 87600h: 168h is a week. So that many tokens that were
	// declared together do not rotate together, each comes up to a tenth of it
	// earlier, always by the same share. Absent: the credential is replaced on
	// request only (annotation `jiratokens.io/rotate-requested-at`), or when the
	// policy's rule asks for it (limits.maxCredentialAge).
	// +optional
	Every RotationPeriod `json:"every,omitempty"`

	// overlap is how long the replaced credential is still accepted, so that
	// workloads have the time to read the new one: from 0s to 720h, shorter than
	// every. A mounted Secret is up to two minutes behind. The replaced credential
	// ends with the token if that expires sooner. Default: 24h, or half of every
	// if that is less.
	// +optional
	Overlap RotationOverlap `json:"overlap,omitempty"`
}

// RotationPeriod is a length of time in hours, minutes and seconds, such as
// 168h for a week.
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}[hms])+$') && duration(self) >= duration('10m') && duration(self) <= duration('87600h')",message="must be hours, minutes or seconds from 10m to 87600h (ten years), such as 168h for a week"
type RotationPeriod string

// Duration parses the period; the schema has already refused what can't be
// parsed.
func (p RotationPeriod) Duration() (time.Duration, error) { return time.ParseDuration(string(p)) }

// RotationOverlap is a length of time in hours, minutes and seconds, such as
// 24h.
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}[hms])+$') && duration(self) <= duration('720h')",message="must be hours, minutes or seconds from 0s to 720h, such as 24h"
type RotationOverlap string

// Duration parses the overlap; the schema has already refused what can't be
// parsed.
func (o RotationOverlap) Duration() (time.Duration, error) { return time.ParseDuration(string(o)) }

// RetiringCredential is a credential that another one replaced and that is
// still accepted for a while.
type RetiringCredential struct {
	// id names the credential, as in status.credential.
	// +required
	// +kubebuilder:validation:MinLength=12
	// +kubebuilder:validation:MaxLength=12
	ID string `json:"id"`

	// retiresAt is when it ends.
	// +required
	RetiresAt metav1.Time `json:"retiresAt"`
}
