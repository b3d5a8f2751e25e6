// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// JiraGroup is a group of Jira users: its members are listed here, or read
// from Jira.
// +kubebuilder:validation:XValidation:rule="has(self.members) != has(self.fromJira)",message="set exactly one of members (declared here) and fromJira: {} (the members of Jira's group of that name)"
type JiraGroup struct {
	// name of the group, for use in rules. With fromJira, it is the group's name
	// in Jira.
	// +required
	Name JiraGroupName `json:"name"`

	// members are the user names of the group.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	Members []JiraUserName `json:"members,omitempty"`

	// fromJira reads the members from Jira's group of that name: active users,
	// those of sub-groups included. It needs spec.directory.
	// +optional
	FromJira *GroupFromJira `json:"fromJira,omitempty"`
}

// GroupFromJira has no settings yet.
type GroupFromJira struct{}

// TokenDefaults are for what a token leaves out.
type TokenDefaults struct {
	// lifetime of tokens that declare neither expiresAt nor lifetime, in hours,
	// minutes and seconds: 720h is 30 days. It counts for tokens that are
	// declared while it stands; changing it moves no other token's expiry.
	// +optional
	Lifetime Lifetime `json:"lifetime,omitempty"`

	// rateLimit of tokens that declare none. Changing it changes theirs.
	// +optional
	RateLimit *RateLimit `json:"rateLimit,omitempty"`
}

// Rule permits tokens: those of these owners, declared in these namespaces by
// these requesters, within these limits.
type Rule struct {
	// name of the rule, for messages.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Label().validate(self).hasValue()",message="must be lower-case letters, digits and '-', such as developers-own"
	Name string `json:"name"`

	// namespaces in which such tokens may be declared.
	// +required
	Namespaces NamespaceSet `json:"namespaces"`

	// owners whose tokens the rule permits.
	// +required
	Owners Owners `json:"owners"`

	// create says who may declare such tokens. Absent: whoever RBAC lets create
	// ApiTokens in the namespaces.
	// +optional
	Create *Create `json:"create,omitempty"`

	// limits that a token must keep to.
	// +required
	Limits Limits `json:"limits"`

	// approval asks for a TokenApproval before such a token works.
	// +optional
	Approval *RuleApproval `json:"approval,omitempty"`
}

// Owners are Jira users, by name or by group; a user in either is meant.
// +kubebuilder:validation:XValidation:rule="has(self.users) || has(self.groups)",message="name users, groups or both"
type Owners struct {
	// users are Jira user names.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=1000
	Users []JiraUserName `json:"users,omitempty"`

	// groups are names out of jiraGroups. A group that is not declared there has
	// no members.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Groups []JiraGroupName `json:"groups,omitempty"`

	// privileged includes the members of spec.privilegedGroups, such as Jira's
	// administrators. Without it, the rule permits none of their tokens.
	// +optional
	Privileged bool `json:"privileged,omitempty"`
}

// Deny names what is refused whatever the rules say.
type Deny struct {
	// owners are Jira user names whose tokens are refused.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	Owners []JiraUserName `json:"owners,omitempty"`

	// namespaces whose tokens are refused.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	Namespaces []NamespaceName `json:"namespaces,omitempty"`

	// tokens that are refused, each as namespace/name of its ApiToken.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	Tokens []DeniedToken `json:"tokens,omitempty"`
}

// DeniedToken is an ApiToken as namespace/name, such as marketing/zapier.
// +kubebuilder:validation:MinLength=3
// +kubebuilder:validation:MaxLength=317
// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="must be namespace/name of an ApiToken, such as marketing/zapier"
type DeniedToken string
