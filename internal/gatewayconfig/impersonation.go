// SPDX-License-Identifier: Apache-2.0

package gatewayconfig

// Impersonation has exactly one field set.
type Impersonation struct {
	OwnerTokens    *OwnerTokens    `json:"ownerTokens,omitempty"`
	OAuth          *OAuth          `json:"oauth,omitempty"`
	Header         *Header         `json:"header,omitempty"`
	ServiceAccount *ServiceAccount `json:"serviceAccount,omitempty"`
}

// OwnerTokens is one Jira personal access token per owner, in labelled Secrets.
type OwnerTokens struct{}

// OAuth is two-legged OAuth 1.0a with impersonation.
type OAuth struct {
	ConsumerKey string `json:"consumerKey"`
	PrivateKey  KeyRef `json:"privateKey"`
	// SignatureMethod is RSA-SHA1 or RSA-SHA256; absent: RSA-SHA1.
	SignatureMethod string `json:"signatureMethod,omitempty"`
}

// Header is a header that Jira's authenticator believes.
type Header struct {
	Name         string  `json:"name"`
	SecretHeader string  `json:"secretHeader,omitempty"`
	Secret       *KeyRef `json:"secret,omitempty"`
}

// ServiceAccount is one account for all tokens. SecretName has the key token or password; empty: OAuth2 is set.
type ServiceAccount struct {
	Username   string  `json:"username"`
	SecretName string  `json:"secretName,omitempty"`
	OAuth2     *OAuth2 `json:"oauth2,omitempty"`
}

// OAuth2 is how access tokens are fetched; SecretName has the keys client_id and client_secret.
type OAuth2 struct {
	SecretName string `json:"secretName"`
	// Scope is READ or WRITE.
	Scope string `json:"scope"`
}

func (i *Impersonation) count() int {
	n := 0
	for _, set := range []bool{i.OwnerTokens != nil, i.OAuth != nil, i.Header != nil, i.ServiceAccount != nil} {
		if set {
			n++
		}
	}
	return n
}
