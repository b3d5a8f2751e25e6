// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ApiTokenSpec declares a token. The policy that it refers to decides whether
// it is permitted.
// +kubebuilder:validation:XValidation:rule="!(has(self.expiresAt) && has(self.lifetime))",message="set expiresAt (a date) or lifetime (counted from the declaration), not both"
// +kubebuilder:validation:XValidation:rule="!(has(self.rotation) && has(self.tokenHash))",message="rotation is for tokens that the operator makes; one that was made elsewhere (tokenHash) is rotated by declaring another hash"
// +kubebuilder:validation:XValidation:rule="!(has(self.secret) && has(self.tokenHash))",message="set secret (where the operator writes the token that it makes) or tokenHash (of a token that was made elsewhere), not both"
type ApiTokenSpec struct {
	// owner is the name of the Jira user whom requests with this token act as.
	// Case does not matter. It can't be changed: delete the token and declare a
	// new one.
	// +required
	// +kubebuilder:validation:XValidation:rule="!self.matches('[:<>&\\\\x00-\\\\x1f\\\\x7f-\\\\x9fİΣ]') && self.trim() == self",message="must be a Jira user name, such as alice or alice@corp.example: no colon, <, >, &, Σ, İ or control character, no space at its ends"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="owner can't be changed: delete this ApiToken and declare a new one"
	Owner JiraUserName `json:"owner"`

	// description says what the token is for, for the people who will read it in
	// a year: one line of text, in any language.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\\\p{Cc}\\\\p{Zl}\\\\p{Zp}\\\\x{202a}-\\\\x{202e}\\\\x{2066}-\\\\x{2069}]')",message="must be one line of text without tabs and other control characters, such as Zapier, new-lead comments; for a long one write it behind `>-` in YAML"
	Description string `json:"description,omitempty"`

	// policyRef names the TokenPolicy that stands for the Jira the token is for.
	// It can't be changed.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="policyRef can't be changed: delete this ApiToken and declare a new one"
	PolicyRef PolicyReference `json:"policyRef"`

	// scopes are the classes of operations that the token may use: `read`,
	// `write` and `admin`, or parts of them such as `write:comment`. They do not
	// imply each other: a script that searches and comments needs
	// `[read, write]`, or `[read:issue, write:comment]`. `kubectl apitoken scopes`
	// lists them and says which one a request needs.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a == b))",message="each scope may be listed once"
	Scopes []Scope `json:"scopes"`

	// expiresAt is the time after which the token is refused, such as
	// 2027-01-31T00:00:00Z. Set it or lifetime. With neither, the policy's
	// default lifetime applies; without that the token does not expire.
	// +optional
	ExpiresAt *metav1.Time `json:"expiresAt,omitempty"`

	// lifetime is how long the token is accepted, counted from the time when the
	// expiry fields were last changed (first: the ApiToken's creation), in hours,
	// minutes and seconds: 720h is 30 days. Re-issuing the credential does not
	// prolong it.
	// +optional
	Lifetime Lifetime `json:"lifetime,omitempty"`

	// sourceRanges are the addresses that the token is accepted from. Absent: any
	// address (unless the policy asks for ranges).
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	SourceRanges []CIDR `json:"sourceRanges,omitempty"`

	// headers are what headers of each request must be like, all of them, such as
	// the User-Agent of the one program that has the token. It keeps a token from
	// being used by mistake; it is no security boundary: whoever has the token can
	// send any header.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Headers []HeaderPattern `json:"headers,omitempty"`

	// rateLimit bounds how many requests may be made with the token. Absent: the
	// policy's default; without that, no limit.
	// +optional
	RateLimit *RateLimit `json:"rateLimit,omitempty"`

	// rotation replaces the credential by a new one from time to time.
	// +optional
	Rotation *Rotation `json:"rotation,omitempty"`

	// suspend refuses the token while true. The same credential works again when
	// it is lifted.
	// +optional
	Suspend bool `json:"suspend,omitempty"`

	// secret says where the token is written.
	// +optional
	Secret *TokenSecret `json:"secret,omitempty"`

	// tokenHash is the SHA-256 of a token that was made elsewhere, in place of
	// secret: `sha256:` and 64 hexadecimal digits. The operator then makes no
	// token and no Secret, and never sees the token itself. A rule of the policy
	// must allow it (limits.tokenHash). The token must have the operator's format,
	// jat_<id>_<secret><checksum>, and be random: docs/concepts.md says how to
	// make one. Another tokenHash replaces the token. A token can belong to one
	// ApiToken only.
	// +optional
	TokenHash TokenHash `json:"tokenHash,omitempty"`
}

// TokenHash is the SHA-256 of a token.
// +kubebuilder:validation:MinLength=71
// +kubebuilder:validation:MaxLength=71
// +kubebuilder:validation:XValidation:rule="self.matches('^sha256:[0-9a-f]{64}$') && !self.matches('^sha256:0{64}$')",message="must be sha256: and the 64 lower-case hexadecimal digits of the whole token's SHA-256"
// +kubebuilder:validation:XValidation:rule="self != 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",message="is the hash of nothing: hash the token"
type TokenHash string

// PolicyReference names a TokenPolicy.
type PolicyReference struct {
	// name of the TokenPolicy.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=50
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="must be a TokenPolicy's name: lower-case letters, digits and '-', starting with a letter, such as jira"
	Name string `json:"name"`

	// namespace of the TokenPolicy. The policy must allow the namespace of this
	// ApiToken.
	// +required
	Namespace NamespaceName `json:"namespace"`
}

// TokenSecret says where the token is written, for workloads to mount. The
// Secret has the type Opaque and the keys of the Service Binding
// specification: type (jira), provider (jiratokens), uri, host, username,
// password and token; password and token are the token. Clients may send it
// as `Authorization: Bearer <token>` or as Basic credentials.
type TokenSecret struct {
	// name of the Secret, in the ApiToken's namespace. Default: the ApiToken's
	// name. A Secret of this name that the operator did not make is left alone
	// and the token is not issued. A new name moves the credential as a rotation
	// does: a new one is written there, and the Secret of the old name goes when
	// its credential ends.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="must be a Secret's name: lower-case letters, digits, '-' and '.', such as zapier-jira"
	Name string `json:"name"`

	// labels for the Secret, as far as the policy's rule allows them.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(k, !format.qualifiedName().validate(k).hasValue() && !format.labelValue().validate(self[k]).hasValue())",message="must be keys and values of labels, such as team: marketing"
	Labels map[string]LabelValue `json:"labels,omitempty"`

	// annotations for the Secret, as far as the policy's rule allows them.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(k, !format.qualifiedName().validate(k).hasValue())",message="must have keys of annotations, such as example.com/reload"
	Annotations map[string]AnnotationValue `json:"annotations,omitempty"`
}

// LabelValue is the value of a label.
// +kubebuilder:validation:MaxLength=63
type LabelValue string

// AnnotationValue is the value of an annotation.
// +kubebuilder:validation:MaxLength=1024
type AnnotationValue string

// ApiToken is a token for Jira's REST API: whose it is, what it may do, from
// where and until when. The operator issues it into a Secret for workloads to
// mount, or takes the hash of one that was made elsewhere; the gateway in
// front of Jira accepts it. Deleting the ApiToken revokes it at once.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=jat;jats,categories=jiratokens
// +kubebuilder:printcolumn:name="Owner",type=string,JSONPath=`.spec.owner`
// +kubebuilder:printcolumn:name="Scopes",type=string,JSONPath=`.spec.scopes`
// +kubebuilder:printcolumn:name="Policy",type=string,JSONPath=`.spec.policyRef.name`
// +kubebuilder:printcolumn:name="Active",type=string,JSONPath=`.status.conditions[?(@.type=="Active")].status`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Expires",type=string,JSONPath=`.status.expiresAt`
// +kubebuilder:printcolumn:name="Last-Used",type=date,JSONPath=`.status.activity.lastUsedAt`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type ApiToken struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what is wanted.
	// +required
	Spec ApiTokenSpec `json:"spec"`

	// status is what the operator found and did.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status ApiTokenStatus `json:"status,omitempty"`
}

// ApiTokenList is a list of ApiTokens.
// +kubebuilder:object:root=true
type ApiTokenList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	// items are the ApiTokens.
	Items []ApiToken `json:"items"`
}

// SecretName is the name of the Secret that the token is written to.
func (t *ApiToken) SecretName() string {
	if t.Spec.Secret != nil {
		return t.Spec.Secret.Name
	}
	return t.Name
}
