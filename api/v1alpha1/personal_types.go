// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PersonalCredentials says what the gateway does with requests that carry a
// person's own credential, or none, instead of an API token of ours. Each class
// that is not mentioned is denied. Requests that are let through reach Jira with
// the caller's own credential.
//
// Some things are never let through, whatever is set here: a token of ours that
// is refused or malformed, two kinds of credentials in one request, and
// credentials of no class (Negotiate, JWT, trusted applications).
type PersonalCredentials struct {
	// enforcement says what happens to requests that the actions below deny:
	// Enforce refuses them; Audit lets them through, with a line in the audit log
	// and a metric. Default: Enforce.
	// +optional
	// +kubebuilder:default=Enforce
	Enforcement Enforcement `json:"enforcement,omitempty"`

	// enforcementOverrides differ from enforcement for single classes, so that
	// they can go from Audit to Enforce one after the other.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=7
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a.class == b.class))",message="each class may be overridden once"
	EnforcementOverrides []EnforcementOverride `json:"enforcementOverrides,omitempty"`

	// basic is for user name and password in an Authorization header. Default:
	// Deny.
	// +optional
	// +kubebuilder:default=Deny
	Basic PersonalAction `json:"basic,omitempty"`

	// jiraToken is for Jira's own personal access tokens and OAuth 2.0 access
	// tokens: all that is Bearer and no token of ours. Default: Deny.
	// +optional
	// +kubebuilder:default=Deny
	JiraToken PersonalAction `json:"jiraToken,omitempty"`

	// oauth is for OAuth 1.0a, by which application links speak: an Authorization
	// header or parameters. Allowed ones pass untouched. Default: Deny.
	// +optional
	// +kubebuilder:default=Deny
	OAuth PersonalAction `json:"oauth,omitempty"`

	// session is for session cookies on /rest. BrowserOnly lets those requests
	// through that look as if a page of this Jira made them (Sec-Fetch-Site,
	// X-Requested-With, Origin). That is deterrence: a script can send the same
	// headers. With placement FrontDoor, sessions reach Jira's pages whatever is
	// set here. Default: Deny.
	// +optional
	// +kubebuilder:default=Deny
	Session SessionAction `json:"session,omitempty"`

	// login is for what makes a session of a password: POST /rest/auth/1/session,
	// /rest/gadget/1.0/login, /rest/tsv/1.0/authenticate, /login.jsp and the
	// service portal's log-in page. Unless session is Allow, those below /rest are
	// for browsers only. Default: Deny.
	// +optional
	// +kubebuilder:default=Deny
	Login PersonalAction `json:"login,omitempty"`

	// parameters is for os_username and os_password in a query, or in a form that
	// is no log-in. Default: Deny.
	// +optional
	// +kubebuilder:default=Deny
	Parameters PersonalAction `json:"parameters,omitempty"`

	// anonymous is for requests without any credential. Jira's own permissions say
	// what they can see. Default: Deny.
	// +optional
	// +kubebuilder:default=Deny
	Anonymous PersonalAction `json:"anonymous,omitempty"`

	// exempt lets through what the classes deny: for a client that can't change
	// yet, or to break the glass. Nothing is exempt that is never let through.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Exempt []Exemption `json:"exempt,omitempty"`
}

// Enforcement is Enforce (refuse) or Audit (let through and log).
// +kubebuilder:validation:Enum=Audit;Enforce
type Enforcement string

// The enforcements.
const (
	EnforcementAudit   Enforcement = "Audit"
	EnforcementEnforce Enforcement = "Enforce"
)

// PersonalAction is what happens to a class of credentials.
// +kubebuilder:validation:Enum=Allow;Deny
type PersonalAction string

// SessionAction is what happens to session cookies on /rest.
// +kubebuilder:validation:Enum=Allow;BrowserOnly;Deny
type SessionAction string

// PersonalClass is a class of personal credentials.
// +kubebuilder:validation:Enum=basic;jiraToken;oauth;session;login;parameters;anonymous
type PersonalClass string

// EnforcementOverride is the enforcement of one class.
type EnforcementOverride struct {
	// class that is meant.
	// +required
	Class PersonalClass `json:"class"`

	// enforcement of the class.
	// +required
	Enforcement Enforcement `json:"enforcement"`
}

// Exemption lets requests through that meet all that it says.
// +kubebuilder:validation:XValidation:rule="has(self.paths) || has(self.sourceRanges) || has(self.users)",message="set at least one of paths, sourceRanges and users: an exemption without them would exempt everything"
type Exemption struct {
	// paths below Jira's context path, such as /rest/ical/**. One of them must
	// match; absent: any path.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Paths []PathPattern `json:"paths,omitempty"`

	// sourceRanges that the client's address must be in. Absent: any address.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	SourceRanges []CIDR `json:"sourceRanges,omitempty"`

	// users whose Basic credentials are exempt. Other credentials do not show a
	// name, so with users they are never exempt. The name is Jira's to check, by
	// the password. Absent: any user.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Users []JiraUserName `json:"users,omitempty"`

	// until is when the exemption ends, by the gateway's clock. Absent: never.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`
}

// PathPattern is a path below Jira's context path. A segment `*` stands for any
// one segment, `**` at the end for any number of them; neither stands for a page
// or an action of the web interface (.jsp, .jspa). Case matters.
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=256
// +kubebuilder:validation:XValidation:rule="self.matches('^/[A-Za-z0-9_-][A-Za-z0-9._~:-]*(/([A-Za-z0-9_~:-][A-Za-z0-9._~:-]*|[*]))*(/[*][*])?$')",message="must be a path below Jira's context path whose first segment has no wildcard, such as /rest/ical/** or /rest/cb-automation/*/hooks/*"
type PathPattern string
