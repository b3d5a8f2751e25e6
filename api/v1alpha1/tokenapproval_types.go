// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ApprovalDecision is what an approver decided.
// +kubebuilder:validation:Enum=Approve;Deny
type ApprovalDecision string

// The decisions.
const (
	// DecisionApprove lets the token work.
	DecisionApprove ApprovalDecision = "Approve"
	// DecisionDeny refuses it.
	DecisionDeny ApprovalDecision = "Deny"
)

// GrantDigest identifies what a token may do: sha256: and 64 hexadecimal
// digits.
// +kubebuilder:validation:MinLength=71
// +kubebuilder:validation:MaxLength=71
// +kubebuilder:validation:XValidation:rule="self.matches('^sha256:[0-9a-f]{64}$')",message="must be the ApiToken's status.grant.digest: sha256: and 64 hexadecimal digits"
type GrantDigest string

// ApprovedToken names one ApiToken.
type ApprovedToken struct {
	// namespace of the ApiToken.
	// +required
	Namespace NamespaceName `json:"namespace"`

	// name of the ApiToken.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="must be an ApiToken's name: lower-case letters, digits, '-' and '.', such as zapier"
	Name string `json:"name"`

	// uid of the ApiToken (metadata.uid): one that is created again under the same
	// name needs another approval.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9-]+$')",message="must be the ApiToken's metadata.uid, such as 3f1a0a52-0d0c-4e3b-9d41-5f6a3b1f0c11"
	UID string `json:"uid"`
}

// TokenApprovalSpec is the decision on one ApiToken.
type TokenApprovalSpec struct {
	// apiToken is the token that the decision is about.
	// +required
	APIToken ApprovedToken `json:"apiToken"`

	// grantDigest is the ApiToken's status.grant.digest: the decision counts for
	// exactly what the token may do now, and for less. A token that is to do more,
	// by its spec or by its policy, needs another approval.
	// +required
	GrantDigest GrantDigest `json:"grantDigest"`

	// decision is Approve or Deny. A Deny outweighs every Approve of the same
	// grant.
	// +required
	Decision ApprovalDecision `json:"decision"`

	// reason is for the people who will read it in a year: one line of text, in
	// any language.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\\\p{Cc}\\\\p{Zl}\\\\p{Zp}\\\\x{202a}-\\\\x{202e}\\\\x{2066}-\\\\x{2069}]')",message="must be one line of text without tabs and other control characters, such as OPS-123: agreed with the team; for a long one write it behind `>-` in YAML"
	Reason string `json:"reason,omitempty"`
}

// TokenApproval approves what one ApiToken may do, or denies it. It lives in
// the policy's namespace, where RBAC says who may create it; whoever declared
// the token can't approve it. It can't be changed: to take a decision back,
// delete it.
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=jta;jtas,categories=jiratokens
// +kubebuilder:printcolumn:name="Token-Namespace",type=string,JSONPath=`.spec.apiToken.namespace`
// +kubebuilder:printcolumn:name="Token",type=string,JSONPath=`.spec.apiToken.name`
// +kubebuilder:printcolumn:name="Decision",type=string,JSONPath=`.spec.decision`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.spec.reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type TokenApproval struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the decision.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a TokenApproval can't be changed: delete it and create another"
	Spec TokenApprovalSpec `json:"spec"`
}

// TokenApprovalList is a list of TokenApprovals.
// +kubebuilder:object:root=true
type TokenApprovalList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	// items are the TokenApprovals.
	Items []TokenApproval `json:"items"`
}
