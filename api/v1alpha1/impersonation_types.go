// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Impersonation says how the gateway speaks to Jira as a token's owner.
// +kubebuilder:validation:XValidation:rule="!has(self.verifyAs) || has(self.oauth) || has(self.header)",message="verifyAs is for oauth and header: owners' tokens and a service account are tried as their own users",fieldPath=".verifyAs"
// +kubebuilder:validation:XValidation:rule="[has(self.ownerTokens), has(self.oauth), has(self.header), has(self.serviceAccount)].filter(x, x).size() == 1",message="set exactly one of ownerTokens, oauth, header and serviceAccount"
type Impersonation struct {
	// ownerTokens means that each owner makes one Jira personal access token,
	// which the gateway uses (Jira 8.14 and later; no change in Jira needed). Put
	// each in a Secret of this namespace with the keys `owner` and `token` and
	// the labels `jiratokens.io/policy: <policy>` and `jiratokens.io/credential:
	// owner-token`. With a key `expiresAt` (such as 2027-01-31T00:00:00Z) the
	// policy's status tells 30 days before the token expires.
	// +optional
	OwnerTokens *OwnerTokens `json:"ownerTokens,omitempty"`

	// oauth is two-legged OAuth 1.0a with impersonation, through an incoming
	// application link of Jira.
	// +optional
	OAuth *OAuthImpersonation `json:"oauth,omitempty"`

	// header is for an authenticator in Jira that believes a header of the
	// gateway. Only safe if nobody reaches Jira past the gateway.
	// +optional
	Header *HeaderImpersonation `json:"header,omitempty"`

	// serviceAccount is one Jira account for all; every token's owner must be
	// that account.
	// +optional
	ServiceAccount *ServiceAccountImpersonation `json:"serviceAccount,omitempty"`

	// verifyAs is an active Jira user as whom the operator asks Jira every ten
	// minutes, and after each change, whether oauth or header impersonation works;
	// the condition ImpersonationVerified says so. A user without any rights but
	// to log in is best. Absent: it is not tried. Owners' tokens and a service
	// account are always tried, as their own users.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!self.matches('[:<>&\\\\x00-\\\\x1f\\\\x7f-\\\\x9fİΣ]') && self.trim() == self",message="must be a Jira user name, such as alice or alice@corp.example: no colon, <, >, &, Σ, İ or control character, no space at its ends"
	VerifyAs JiraUserName `json:"verifyAs,omitempty"`
}

// OwnerTokens has no settings yet.
type OwnerTokens struct{}

// SignatureMethod is a signature method of OAuth 1.0a.
// +kubebuilder:validation:Enum=RSA-SHA1;RSA-SHA256
type SignatureMethod string

// OAuthImpersonation configures two-legged OAuth 1.0a (RFC 5849) with
// xoauth_requestor_id.
type OAuthImpersonation struct {
	// consumerKey is the consumer key of Jira's incoming application link.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	ConsumerKey string `json:"consumerKey"`

	// privateKeySecretRef names the RSA private key (PEM, PKCS #1 or PKCS #8,
	// 2048 bits at least) whose public half Jira has.
	// +required
	PrivateKeySecretRef SecretKeyReference `json:"privateKeySecretRef"`

	// signatureMethod is how requests are signed: RSA-SHA1, which every Jira with
	// application links verifies, or RSA-SHA256, for one that takes it. Default:
	// RSA-SHA1.
	// +optional
	SignatureMethod SignatureMethod `json:"signatureMethod,omitempty"`
}

// HeaderImpersonation configures the headers that Jira's authenticator
// believes.
// +kubebuilder:validation:XValidation:rule="!has(self.sharedSecret) || self.sharedSecret.header.lowerAscii() != self.name.lowerAscii()",message="sharedSecret.header must differ from name"
type HeaderImpersonation struct {
	// name of the header that carries the owner's user name, such as
	// X-Forwarded-User.
	// +required
	Name HTTPHeaderName `json:"name"`

	// sharedSecret proves to Jira's authenticator that a request comes from the
	// gateway.
	// +optional
	SharedSecret *SharedSecret `json:"sharedSecret,omitempty"`
}

// SharedSecret is a header with a secret value.
type SharedSecret struct {
	// header is the name of the header that carries the secret, such as
	// X-Gateway-Secret.
	// +required
	Header HTTPHeaderName `json:"header"`

	// secretRef names the value.
	// +required
	SecretRef SecretKeyReference `json:"secretRef"`
}

// ServiceAccountImpersonation configures one Jira account that all tokens act
// as.
// +kubebuilder:validation:XValidation:rule="has(self.secretRef) != has(self.oauth2)",message="set exactly one of secretRef (a Jira personal access token, or a password) and oauth2 (client credentials of a Jira Data Center service account)"
type ServiceAccountImpersonation struct {
	// username of the account. Tokens with another owner are refused.
	// +required
	// +kubebuilder:validation:XValidation:rule="!self.matches('[:<>&\\\\x00-\\\\x1f\\\\x7f-\\\\x9fİΣ]') && self.trim() == self",message="must be a Jira user name, such as alice or alice@corp.example: no colon, <, >, &, Σ, İ or control character, no space at its ends"
	Username JiraUserName `json:"username"`

	// secretRef names a Secret with the key `token` (a Jira personal access
	// token) or, where Jira has none, the key `password`.
	// +optional
	SecretRef *SecretReference `json:"secretRef,omitempty"`

	// oauth2 is for a service account of Jira Data Center 10.3 and later: the
	// gateway fetches access tokens by client credentials and renews them. Such
	// an account reaches paths below /rest/api/2/ only, and no administration.
	// +optional
	OAuth2 *OAuth2ClientCredentials `json:"oauth2,omitempty"`
}

// OAuth2Scope is a scope of Jira's OAuth 2.0 for service accounts.
// +kubebuilder:validation:Enum=READ;WRITE
type OAuth2Scope string

// The scopes that service accounts can have.
const (
	OAuth2Read  OAuth2Scope = "READ"
	OAuth2Write OAuth2Scope = "WRITE"
)

// OAuth2ClientCredentials configures the client credentials grant of OAuth 2.0
// (RFC 6749, section 4.4).
type OAuth2ClientCredentials struct {
	// secretRef names a Secret with the keys `client_id` and `client_secret`, as
	// Jira shows them when the service account is made.
	// +required
	SecretRef SecretReference `json:"secretRef"`

	// scope of the access tokens: READ, or WRITE, which includes READ. No token of
	// this policy reaches more in Jira than that.
	// +required
	Scope OAuth2Scope `json:"scope"`
}
