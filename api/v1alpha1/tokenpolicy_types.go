// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// DefaultPrivilegedGroups are spec.privilegedGroups where a policy does not say: a
// function, since nobody may change them.
func DefaultPrivilegedGroups() []JiraGroupName {
	return []JiraGroupName{"jira-administrators", "jira-system-administrators"}
}

// TokenPolicySpec declares one protected Jira: where it is, how the gateway
// speaks to it as a user, who may have tokens for it, and within which
// limits.
// +kubebuilder:validation:XValidation:rule="has(self.directory) || !has(self.jiraGroups) || !self.jiraGroups.exists(g, has(g.fromJira))",message="jiraGroups with fromJira need spec.directory: it says how to read them from Jira"
// +kubebuilder:validation:XValidation:rule="!has(self.directory) || !has(self.directory.oauth) || has(self.impersonation.oauth)",message="directory.oauth uses the consumer of spec.impersonation.oauth, which is not set: use directory.secretRef"
// +kubebuilder:validation:XValidation:rule="has(self.requesters) || !has(self.rules) || !self.rules.exists(r, has(r.create) && (has(r.create.self) && r.create.self || has(r.create.onBehalf) && r.create.onBehalf.exists(s, s.kind == 'JiraGroup')))",message="rules with create.self or a JiraGroup in create.onBehalf need spec.requesters: it says which Jira user a Kubernetes user is; requesters: {} if the names are the same"
// +kubebuilder:validation:XValidation:rule="!has(self.gateway) || !has(self.gateway.tls) || self.jira.publicURL.startsWith('https://')",message="gateway.tls makes the gateway serve HTTPS only: jira.publicURL must begin with https://"
// +kubebuilder:validation:XValidation:rule="!has(self.gateway) || !has(self.gateway.placement) || self.gateway.placement != 'FrontDoor' || has(self.personalCredentials)",message="gateway.placement FrontDoor needs spec.personalCredentials, or nobody could use Jira but with API tokens: begin with personalCredentials: {enforcement: Audit}"
// +kubebuilder:validation:XValidation:rule="!has(self.gateway) || !has(self.gateway.placement) || self.gateway.placement != 'FrontDoor' || !has(self.jira.baseURL) || self.jira.baseURL == self.jira.publicURL",message="gateway.placement FrontDoor means that publicURL is Jira's base URL: leave jira.baseURL out, or make both the same"
type TokenPolicySpec struct {
	// jira says where Jira is.
	// +required
	Jira JiraEndpoint `json:"jira"`

	// impersonation says how the gateway speaks to Jira as a token's owner. Set
	// exactly one way.
	// +required
	Impersonation Impersonation `json:"impersonation"`

	// allowedNamespaces are the namespaces whose ApiTokens may refer to this
	// policy. Each rule narrows them further. The policy's own namespace never is
	// one of them.
	// +required
	AllowedNamespaces NamespaceSet `json:"allowedNamespaces"`

	// directory lets the operator read groups and users from Jira.
	// +optional
	Directory *Directory `json:"directory,omitempty"`

	// requesters says which Jira user a Kubernetes user is, for `create.self` and
	// for JiraGroup in `create.onBehalf`. Absent: nobody has a Jira name; `{}`:
	// the names are the same.
	// +optional
	Requesters *Requesters `json:"requesters,omitempty"`

	// admission says what happens to an ApiToken that no rule permits when it is
	// created or changed: Warn admits it with a warning (it is not issued, and its
	// conditions say why); Deny denies it, if that is certain at that moment.
	// GitOps tools try all objects of a set before any exists: with Deny, apply the
	// policy before its tokens. Default: Warn.
	// +optional
	// +kubebuilder:default=Warn
	Admission AdmissionMode `json:"admission,omitempty"`

	// privilegedGroups are the groups whose members' tokens need a rule with
	// `owners.privileged: true`. With spec.directory their members are read from
	// Jira; without it, those count that jiraGroups declares. Default:
	// jira-administrators and jira-system-administrators.
	// +optional
	// +listType=atomic
	// +kubebuilder:default={"jira-administrators","jira-system-administrators"}
	// +kubebuilder:validation:MaxItems=16
	PrivilegedGroups []JiraGroupName `json:"privilegedGroups,omitempty"`

	// jiraGroups are groups of Jira users, for use in rules.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a.name.lowerAscii() == b.name.lowerAscii()))",message="each group may be declared once (case does not matter)"
	JiraGroups []JiraGroup `json:"jiraGroups,omitempty"`

	// defaults are for what a token leaves out. They are no limits; rules check
	// the result.
	// +optional
	Defaults *TokenDefaults `json:"defaults,omitempty"`

	// rules permit tokens. A token is permitted if one rule permits all of it;
	// without rules nothing is. Their order has no meaning, and none takes away
	// what another permits: for that there is deny.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a.name == b.name))",message="each rule needs a name of its own"
	Rules []Rule `json:"rules,omitempty"`

	// scopes says which scopes operations need that the operator does not know.
	// +optional
	Scopes *Scopes `json:"scopes,omitempty"`

	// deny refuses tokens whatever the rules say, in the operator and in the
	// gateway. It is the way to revoke a token that Git would declare again.
	// null, which server-side apply leaves where a list goes from Git that was
	// set by hand before, is the same as none.
	// +optional
	// +nullable
	Deny *Deny `json:"deny,omitempty"`

	// revokeIssuedBefore ends every credential that was issued before that time,
	// such as the day when Secrets leaked. Those that the operator made are
	// replaced at once, without an overlap; tokens that were made elsewhere
	// (tokenHash) are blocked until another hash is declared, and stay so if this is
	// set to an earlier time or removed. One in the future counts only once it has
	// come, and until then it ends nothing. Mind the time zone: a time ends in Z (UTC) or in its
	// offset, such as 2026-11-29T15:00:00+01:00.
	// +optional
	RevokeIssuedBefore *metav1.Time `json:"revokeIssuedBefore,omitempty"`

	// monitoring says what is watched of the tokens and when it warns.
	// +optional
	Monitoring *Monitoring `json:"monitoring,omitempty"`

	// personalCredentials says what the gateway does with passwords, Jira's own
	// tokens, sessions and anonymous requests. Absent: it refuses them all.
	// +optional
	PersonalCredentials *PersonalCredentials `json:"personalCredentials,omitempty"`

	// gateway configures the gateway's Deployment and Service.
	// +optional
	Gateway *Gateway `json:"gateway,omitempty"`
}

// JiraEndpoint says where Jira is, as seen by the gateway, by Jira itself and
// by clients.
// +kubebuilder:validation:XValidation:rule="![self.url, self.publicURL].all(u, u.matches('^https?://.*[^/]$')) || self.url.substring(self.url.find('^https?://[^/]*').size()) == self.publicURL.substring(self.publicURL.find('^https?://[^/]*').size())",message="publicURL must have the same path as url (Jira's context path, such as /jira): the gateway does not rewrite paths"
// +kubebuilder:validation:XValidation:rule="!has(self.baseURL) || ![self.url, self.baseURL].all(u, u.matches('^https?://.*[^/]$')) || self.url.substring(self.url.find('^https?://[^/]*').size()) == self.baseURL.substring(self.baseURL.find('^https?://[^/]*').size())",message="baseURL must have the same path as url (Jira's context path, such as /jira)"
// +kubebuilder:validation:XValidation:rule="!has(self.clientCertificateSecretRef) || self.url.startsWith('https://')",message="clientCertificateSecretRef needs a url that begins with https://: without TLS there are no certificates",fieldPath=".clientCertificateSecretRef"
type JiraEndpoint struct {
	// url is where the gateway forwards requests to, with Jira's context path,
	// such as https://jira.internal.example:8443/jira.
	// +required
	URL HTTPURL `json:"url"`

	// baseURL is what Jira believes its address to be (its General configuration,
	// Base URL): the Host header sent to it, and what OAuth signatures are made
	// over. Default: publicURL.
	// +optional
	BaseURL HTTPURL `json:"baseURL,omitempty"`

	// publicURL is what clients call to reach the gateway. It is written into
	// token Secrets as `uri`.
	// +required
	PublicURL HTTPURL `json:"publicURL"`

	// caBundle holds the certificates (PEM) that Jira's certificate is checked
	// with. Default: the system's.
	// +optional
	CABundle *CABundle `json:"caBundle,omitempty"`

	// clientCertificateSecretRef names a Secret of type kubernetes.io/tls
	// (`tls.crt` and `tls.key`) with the certificate that the gateway and the
	// manager show Jira, or the proxy before Jira, when they connect. Of use with
	// each way of impersonation; with `header` it keeps others from saying who
	// they are. A changed certificate is used for every new connection.
	// +optional
	ClientCertificateSecretRef *SecretReference `json:"clientCertificateSecretRef,omitempty"`
}

// HTTPURL is an absolute http or https URL without user, query or fragment,
// and without a slash at its end.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=512
// +kubebuilder:validation:XValidation:rule="isURL(self) && self.matches('^https?://[A-Za-z0-9.:\\\\[\\\\]_-]+(/[A-Za-z0-9._~-]+)*$')",message="must be an absolute http or https URL without user, query, fragment or slash at its end, such as https://jira.example/jira"
type HTTPURL string

// CABundle says where certificates are.
type CABundle struct {
	// secretRef names the key with the certificates in PEM.
	// +required
	SecretRef SecretKeyReference `json:"secretRef"`
}

// TokenPolicyStatus is what the operator found and did. It is output only.
type TokenPolicyStatus struct {
	// observedGeneration is the generation of the spec that this status speaks
	// of; -1 before the first.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready, Accepted, GatewayAvailable, ImpersonationVerified,
	// with spec.directory DirectorySynced, with source ranges
	// SourceRangesEffective, and while they apply OwnerTokensExpiring,
	// CertificateExpiring, Reconciling and Stalled. The message says what to do.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// tokens is the number of ApiTokens that have a credential from this policy:
	// that work, or are suspended, expired or blocked since they did. They hold
	// the policy in its deletion. An ApiToken that merely names the policy and
	// was never permitted does not count.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Tokens *int32 `json:"tokens,omitempty"`

	// groups are the groups that are read from Jira.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=80
	Groups []GroupStatus `json:"groups,omitempty"`

	// activity tells whether the gateways report the use of the tokens; absent:
	// they never did, or spec.monitoring.activity.disabled is true.
	// +optional
	Activity *ActivityReporting `json:"activity,omitempty"`
}

// TokenPolicy is one protected Jira. One policy a namespace: that namespace
// holds the gateway, its keys and the hashed credentials, and nothing else.
// Whoever can read Secrets or create pods there can act as every token's
// owner.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=jtp;jtps,categories=jiratokens
// +kubebuilder:printcolumn:name="Jira",type=string,JSONPath=`.spec.jira.url`
// +kubebuilder:printcolumn:name="Public-URL",type=string,priority=1,JSONPath=`.spec.jira.publicURL`
// +kubebuilder:printcolumn:name="Tokens",type=integer,JSONPath=`.status.tokens`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Verified",type=string,JSONPath=`.status.conditions[?(@.type=="ImpersonationVerified")].status`
// +kubebuilder:printcolumn:name="Directory",type=string,JSONPath=`.status.conditions[?(@.type=="DirectorySynced")].status`
// +kubebuilder:printcolumn:name="Gateway",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="GatewayAvailable")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]{0,48}[a-z0-9])?$')",message="metadata.name must be at most 50 lower-case letters, digits and '-', starting with a letter: it names the gateway's Service"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.directory) || !has(self.spec.directory.secretRef) || self.spec.directory.secretRef.name != self.metadata.name + '-directory'",message="spec.directory.secretRef.name must not be <policy>-directory: in the Secret of that name the operator keeps what it reads; call it <policy>-directory-credential, say"
type TokenPolicy struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what is wanted.
	// +required
	Spec TokenPolicySpec `json:"spec"`

	// status is what the operator found and did.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status TokenPolicyStatus `json:"status,omitempty"`
}

// TokenPolicyList is a list of TokenPolicies.
// +kubebuilder:object:root=true
type TokenPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	// items are the TokenPolicies.
	Items []TokenPolicy `json:"items"`
}
