// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// CIDR is a range of IP addresses in CIDR notation, such as 203.0.113.0/24,
// 203.0.113.7/32 or 2001:db8::/32.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=43
// +kubebuilder:validation:XValidation:rule="isCIDR(self) && !self.contains('%')",message="must be an address range in CIDR notation, such as 203.0.113.0/24; for a single address write 203.0.113.7/32 or 2001:db8::7/128"
// +kubebuilder:validation:XValidation:rule="!isCIDR(self) || cidr(self).masked() == cidr(self)",message="must be the first address of its range: 10.0.0.0/8 rather than 10.0.0.1/8"
type CIDR string

// JiraUserName is a user name as Jira knows it; case does not matter.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=255
type JiraUserName string

// JiraGroupName is the name of a Jira group; case does not matter.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=255
type JiraGroupName string

// NamespaceName is the name of a Kubernetes namespace.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:XValidation:rule="!format.dns1123Label().validate(self).hasValue()",message="must be a namespace's name: lower-case letters, digits and '-', such as marketing"
type NamespaceName string

// HTTPHeaderName is the name of an HTTP header field.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9-]*$')",message="must be a header name of letters, digits and '-', such as X-Forwarded-User"
// +kubebuilder:validation:XValidation:rule="!(self.lowerAscii() in ['authorization', 'cookie', 'host', 'connection', 'content-length', 'transfer-encoding', 'upgrade', 'te', 'trailer', 'forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-atlassian-token'])",message="is a header with a meaning of its own; use one that only Jira's authenticator reads, such as X-Forwarded-User"
type HTTPHeaderName string

// NamespaceSet says which namespaces are meant: by name, or by a selector of
// their labels.
// +kubebuilder:validation:XValidation:rule="has(self.names) != has(self.selector)",message="set exactly one of names and selector"
type NamespaceSet struct {
	// names lists the namespaces.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Names []NamespaceName `json:"names,omitempty"`

	// selector chooses namespaces by their labels. An empty selector, `{}`, means
	// every namespace. Whoever can label a namespace can put it under such a
	// rule.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// SecretKeyReference names one key of a Secret in the policy's namespace. The
// Secret must carry the label `jiratokens.io/policy: <name of the policy>`.
type SecretKeyReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// key within the Secret's data.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key"`
}

// SecretReference names a Secret in the policy's namespace. The Secret must
// carry the label `jiratokens.io/policy: <name of the policy>`.
type SecretReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// Lifetime is a length of time in hours, minutes and seconds, such as 720h
// for 30 days.
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}[hms])+$') && duration(self) >= duration('1s') && duration(self) <= duration('87600h')",message="must be hours, minutes or seconds from 1s to 87600h (ten years), such as 720h for 30 days"
type Lifetime string

// Duration parses the lifetime; the schema has already refused what can't be
// parsed.
func (l Lifetime) Duration() (time.Duration, error) { return time.ParseDuration(string(l)) }

// Staleness is a length of time in hours, minutes and seconds, such as 24h.
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}[hms])+$') && duration(self) >= duration('2m') && duration(self) <= duration('8760h')",message="must be hours, minutes or seconds from 2m to 8760h, such as 24h"
type Staleness string

// Duration parses the staleness; the schema has already refused what can't be
// parsed.
func (s Staleness) Duration() (time.Duration, error) { return time.ParseDuration(string(s)) }
