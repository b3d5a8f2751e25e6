// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import "time"

// Limits are what a token must keep to; a token outside any of them is not
// permitted by the rule.
// +kubebuilder:validation:XValidation:rule="!has(self.minLifetime) || !has(self.maxLifetime) || !self.minLifetime.matches('^([0-9]{1,6}[hms])+$') || !self.maxLifetime.matches('^([0-9]{1,6}[hms])+$') || duration(self.minLifetime) <= duration(self.maxLifetime)",message="minLifetime must not be longer than maxLifetime"
type Limits struct {
	// scopes are the scopes that a token may have. `read` permits `read:issue` as
	// well, `write` also `write:comment` and `delete:comment`, `admin` also
	// `admin:user`.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Scopes []Scope `json:"scopes"`

	// minLifetime is the shortest time from a token's declaration to its expiry;
	// a token that does not expire is long enough.
	// +optional
	MinLifetime Lifetime `json:"minLifetime,omitempty"`

	// maxLifetime is the longest time from a token's declaration to its expiry,
	// in hours, minutes and seconds: 2160h is 90 days. With it, a token must
	// expire.
	// +optional
	MaxLifetime Lifetime `json:"maxLifetime,omitempty"`

	// mustExpire refuses a token that does not expire. maxLifetime implies it.
	// +optional
	MustExpire bool `json:"mustExpire,omitempty"`

	// maxCredentialAge is the age at which a token's credential is replaced by a
	// new one, whatever its rotation says. A token that was made elsewhere
	// (tokenHash) can't be replaced: it is blocked at that age, counted from when
	// its hash was accepted, until another hash is declared. Its
	// status.credential.replaceBy says when that is, and it is Expiring before, as
	// ahead of an expiry.
	// +optional
	MaxCredentialAge RotationPeriod `json:"maxCredentialAge,omitempty"`

	// sourceRanges are what the token must keep to: it must declare sourceRanges,
	// each within one of these.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	SourceRanges []CIDR `json:"sourceRanges,omitempty"`

	// rateLimit is a ceiling: the token must have a rateLimit, its own or the
	// policy's default, that is no faster and has no larger burst.
	// +optional
	RateLimit *RateLimit `json:"rateLimit,omitempty"`

	// headersRequired refuses a token that declares no header patterns
	// (spec.headers).
	// +optional
	HeadersRequired bool `json:"headersRequired,omitempty"`

	// maxTokensPerOwner is how many ApiTokens of one owner the rule permits. The
	// oldest come first; suspended and expired ones count until they are deleted.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	MaxTokensPerOwner *int32 `json:"maxTokensPerOwner,omitempty"`

	// descriptionPattern is a regular expression (RE2) that the whole of
	// spec.description must match, such as `[A-Z]+-[0-9]+: .+` for a ticket. A
	// token without description must match it as an empty one.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	DescriptionPattern string `json:"descriptionPattern,omitempty"`

	// secretLabels are the keys of labels that a token may put on its Secret
	// (spec.secret.labels); a `*` at the end stands for any rest. Absent: none.
	// Those by which GitOps tools and replicators know what is theirs are always
	// refused.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	SecretLabels []MetadataKeyPattern `json:"secretLabels,omitempty"`

	// secretAnnotations are the keys of annotations that a token may put on its
	// Secret (spec.secret.annotations), in the same way.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	SecretAnnotations []MetadataKeyPattern `json:"secretAnnotations,omitempty"`

	// tokenHash allows tokens that were made elsewhere and are declared by their
	// hash (spec.tokenHash): the operator can't see to it that they are random,
	// or who else has them. Absent: only tokens that the operator makes.
	// +optional
	TokenHash bool `json:"tokenHash,omitempty"`
}

// MetadataKeyPattern is the key of a label or annotation, or the beginning of
// one followed by `*`.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=317
// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?$') || self.matches('^([A-Za-z0-9][-A-Za-z0-9_./]*)?[*]$')",message="must be the key of a label or annotation, such as team or example.com/team, or its beginning and a *, such as example.com/*"
type MetadataKeyPattern string

// RateLimit is how many requests a token may make. Each gateway replica counts
// for itself and lets through its share (requests divided by replicas, at
// least one a period): clients that keep to one of N replicas get one Nth,
// unless the policy has a store for all of them (gateway.rateLimitStore).
type RateLimit struct {
	// requests that may be made in each period.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	Requests int32 `json:"requests"`

	// period in hours, minutes and seconds, from 1s to 24h, such as 1m.
	// +required
	Period RatePeriod `json:"period"`

	// burst is how many requests may be made at once after a pause. Default:
	// requests.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	Burst *int32 `json:"burst,omitempty"`

	// concurrent is how many requests of the token may be in progress; one more
	// is answered with 429. As a ceiling, the token must have one that is no
	// higher. Absent: 256 at each replica of the gateway; as a ceiling, none.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	Concurrent *int32 `json:"concurrent,omitempty"`
}

// RatePeriod is a length of time in hours, minutes and seconds, such as 1m.
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}[hms])+$') && duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="must be hours, minutes or seconds from 1s to 24h, such as 1m"
type RatePeriod string

// Duration parses the period; the schema has already refused what can't be
// parsed.
func (p RatePeriod) Duration() (time.Duration, error) { return time.ParseDuration(string(p)) }
