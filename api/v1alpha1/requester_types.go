// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Requesters says which Jira user a Kubernetes user is. A user name that lacks
// the prefix or the suffix has no Jira name, nor have ServiceAccounts and
// other names that begin with `system:`. Case does not matter in Jira.
type Requesters struct {
	// stripPrefix is taken off the Kubernetes user name, such as `oidc:`.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	StripPrefix string `json:"stripPrefix,omitempty"`

	// stripSuffix is taken off the Kubernetes user name, such as `@corp.example`.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	StripSuffix string `json:"stripSuffix,omitempty"`

	// users are Kubernetes users whose Jira name is another one. They come before
	// stripPrefix and stripSuffix.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a.name == b.name))",message="each Kubernetes user may be listed once"
	Users []RequesterUser `json:"users,omitempty"`
}

// RequesterUser is one Kubernetes user with a Jira name.
type RequesterUser struct {
	// name is the Kubernetes user name, exactly.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('system:')",message="ServiceAccounts and other names that begin with system: have no Jira name"
	Name string `json:"name"`

	// jiraUser is the Jira user name.
	// +required
	JiraUser JiraUserName `json:"jiraUser"`
}

// Create says who may declare a token under a rule. Whoever declared it is
// stamped on the ApiToken by the operator's webhook; a token without a valid
// stamp waits.
// +kubebuilder:validation:XValidation:rule="(has(self.self) && self.self) || has(self.onBehalf)",message="set self: true, onBehalf or both; leave create out to let whoever may create ApiTokens in the namespaces"
type Create struct {
	// self lets the owner declare the token. It needs spec.requesters.
	// +optional
	Self bool `json:"self,omitempty"`

	// onBehalf lists who may declare tokens for any owner of the rule.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	OnBehalf []Subject `json:"onBehalf,omitempty"`
}

// SubjectKind says what a subject is.
// +kubebuilder:validation:Enum=User;Group;ServiceAccount;JiraGroup
type SubjectKind string

// The kinds of subjects.
const (
	// SubjectUser is a Kubernetes user.
	SubjectUser SubjectKind = "User"
	// SubjectGroup is a Kubernetes group.
	SubjectGroup SubjectKind = "Group"
	// SubjectServiceAccount is a ServiceAccount.
	SubjectServiceAccount SubjectKind = "ServiceAccount"
	// SubjectJiraGroup is a group out of spec.jiraGroups.
	SubjectJiraGroup SubjectKind = "JiraGroup"
)

// Subject is who declared a token.
// +kubebuilder:validation:XValidation:rule="(self.kind == 'ServiceAccount') == has(self.namespace)",message="namespace is for kind ServiceAccount, and required there"
// +kubebuilder:validation:XValidation:rule="self.kind != 'User' || !self.name.startsWith('system:serviceaccount:')",message="for a ServiceAccount use kind: ServiceAccount with name and namespace"
// +kubebuilder:validation:XValidation:rule="self.kind != 'Group' || !(self.name in ['system:authenticated', 'system:unauthenticated'])",message="that group is everybody: leave create out of the rule instead"
type Subject struct {
	// kind is User, Group (of Kubernetes), ServiceAccount or JiraGroup.
	// +required
	Kind SubjectKind `json:"kind"`

	// name of the user, group or ServiceAccount; for JiraGroup, a name out of
	// spec.jiraGroups.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Name string `json:"name"`

	// namespace of the ServiceAccount.
	// +optional
	Namespace NamespaceName `json:"namespace,omitempty"`
}

// RuleApproval says whether tokens under a rule have to be approved.
type RuleApproval struct {
	// required says that a token works only once somebody other than who declared it has
	// approved it with a TokenApproval.
	// +optional
	Required bool `json:"required,omitempty"`
}

// AdmissionMode says what the webhook does with a token that no rule permits.
// +kubebuilder:validation:Enum=Warn;Deny
type AdmissionMode string

// The admission modes.
const (
	// AdmissionWarn admits the ApiToken with a warning.
	AdmissionWarn AdmissionMode = "Warn"
	// AdmissionDeny denies it.
	AdmissionDeny AdmissionMode = "Deny"
)
