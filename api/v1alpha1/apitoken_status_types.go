// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ApiTokenStatus is what the operator found and did. It is output only: no
// decision reads it.
type ApiTokenStatus struct {
	// observedGeneration is the generation of the spec that this status speaks
	// of; -1 before the first.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready, Active, and while they apply Reconciling, Stalled,
	// Expiring and Unused.
	// The message says what to do.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// binding names the Secret that holds the token, as the Service Binding
	// specification asks; absent with spec.tokenHash.
	// +optional
	Binding *SecretBinding `json:"binding,omitempty"`

	// credential is the credential that is live, or would be if the token were
	// not blocked.
	// +optional
	Credential *CredentialStatus `json:"credential,omitempty"`

	// retiring are the credentials that were replaced and are still accepted, the
	// newest first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Retiring []RetiringCredential `json:"retiring,omitempty"`

	// activity is what the gateways report of the token's use; absent before the
	// first report.
	// +optional
	Activity *ActivityStatus `json:"activity,omitempty"`

	// expiresAt is the time after which the token is refused; absent if it does
	// not expire.
	// +optional
	ExpiresAt *metav1.Time `json:"expiresAt,omitempty"`

	// rule is the name of the policy's rule that permits the token.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Rule string `json:"rule,omitempty"`

	// grant is what the token may do, with the policy's defaults: what an approver
	// approves.
	// +optional
	Grant *GrantStatus `json:"grant,omitempty"`

	// requestedBy is the Kubernetes user who declared what the token may do, as
	// the operator's webhook saw.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	RequestedBy string `json:"requestedBy,omitempty"`

	// approvedBy is the Kubernetes user who approved it, if the rule asks for
	// that.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	ApprovedBy string `json:"approvedBy,omitempty"`
}

// GrantStatus is what a token may do. What it leaves out is not limited.
type GrantStatus struct {
	// digest identifies the grant, for a TokenApproval.
	// +required
	Digest GrantDigest `json:"digest"`

	// ownerKey is the key of the Jira user whom the owner's name meant when it was
	// first looked up. A renamed or re-used name does not take it over.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	OwnerKey string `json:"ownerKey,omitempty"`

	// scopes of the token.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Scopes []Scope `json:"scopes,omitempty"`

	// sourceRanges that the token is accepted from.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	SourceRanges []CIDR `json:"sourceRanges,omitempty"`

	// headers of each request must match these patterns.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Headers []HeaderPattern `json:"headers,omitempty"`

	// rateLimit of the token.
	// +optional
	RateLimit *RateLimit `json:"rateLimit,omitempty"`
}

// SecretBinding names a Secret in the ApiToken's namespace.
type SecretBinding struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// CredentialStatus identifies a credential without being one.
type CredentialStatus struct {
	// id names the credential in the gateway's audit log. It is the public part of
	// the token, jat_<id>_…; of a token that was made elsewhere (spec.tokenHash)
	// that is not known, and the id begins with `own-` and is derived from the
	// hash.
	// +required
	// +kubebuilder:validation:MinLength=12
	// +kubebuilder:validation:MaxLength=12
	ID string `json:"id"`

	// issuedAt is when the credential was made, or its hash accepted.
	// +required
	IssuedAt metav1.Time `json:"issuedAt"`

	// rotatesAt is when it will be replaced; absent: on request only.
	// +optional
	RotatesAt *metav1.Time `json:"rotatesAt,omitempty"`

	// replaceBy is when a token that was made elsewhere (spec.tokenHash) is too old
	// for the policy's limits.maxCredentialAge, and blocked: declare the hash of
	// another one before that. Absent: never.
	// +optional
	ReplaceBy *metav1.Time `json:"replaceBy,omitempty"`
}
