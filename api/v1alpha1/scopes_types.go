// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// The coarse scopes.
const (
	ScopeRead  Scope = "read"
	ScopeWrite Scope = "write"
	ScopeAdmin Scope = "admin"
)

// Scopes says which scope an operation needs that the operator's catalogue
// does not know.
type Scopes struct {
	// unlisted says what becomes of operations that neither the catalogue (`kubectl
	// apitoken scopes`) nor operations know. Plain: they need read or write by
	// their method within the REST modules that are known, and admin elsewhere.
	// Deny: no token reaches them. Default: Plain.
	// +optional
	// +kubebuilder:default=Plain
	Unlisted UnlistedOperations `json:"unlisted,omitempty"`

	// operations are those of your own apps. They go before the catalogue, but
	// never ease what makes or changes credentials, nor what needs admin within
	// the modules that are known.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Operations []Operation `json:"operations,omitempty"`
}

// UnlistedOperations says what becomes of operations that nothing lists.
// +kubebuilder:validation:Enum=Deny;Plain
type UnlistedOperations string

// What becomes of operations that nothing lists.
const (
	UnlistedDeny  UnlistedOperations = "Deny"
	UnlistedPlain UnlistedOperations = "Plain"
)

// Operation is a part of an app's REST API and the scope that it needs.
type Operation struct {
	// methods are those that it is called with. GET stands for HEAD and OPTIONS
	// too.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=5
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a == b))",message="each method may be listed once"
	Methods []OperationMethod `json:"methods"`

	// path is below Jira's context path, such as /rest/rota/1.0/shift/{id}: {name}
	// is any one segment, text* one with that beginning, and /** at the end
	// whatever is below. Nothing is percent-encoded, and case matters.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^/rest/[^/]')",message="must begin with /rest/ and name a module, such as /rest/rota/1.0/**: tokens reach nothing else that needs a scope of its own"
	// +kubebuilder:validation:XValidation:rule="!self.matches('//|/[.][.]?(/|$)|.[/]$|[%?#;\\\\\\\\]')",message="must have no empty segments, no dots as segments, no slash at its end, and none of % ? # ; and \\\\"
	// +kubebuilder:validation:XValidation:rule="self.matches('^(/([{][^/*{}]+[}]|[^/*{}]+[*]?|[*]))*(/[*][*])?$') || self.matches('//|/$')",message="* stands at the end of a segment, ** alone at the end of the path, and {name} for a whole segment"
	Path string `json:"path"`

	// scope is the one that it needs.
	// +required
	Scope Scope `json:"scope"`
}

// OperationMethod is an HTTP method.
// +kubebuilder:validation:Enum=GET;POST;PUT;PATCH;DELETE
type OperationMethod string
