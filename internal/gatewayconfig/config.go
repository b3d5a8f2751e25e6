// SPDX-License-Identifier: Apache-2.0

// Package gatewayconfig defines the compiled configuration that the manager writes for a gateway and the gateway
// follows while it runs. A Config names Secrets and holds none of their contents.
package gatewayconfig

import (
	"net/netip"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// DataKey is the key of the configuration Secret's data.
	DataKey = "config.json"

	// FormatVersion is the version of the encoding; a reader refuses others and fields that it does not know.
	FormatVersion = 1
)

// Config is what a gateway needs to know of its TokenPolicy.
type Config struct {
	Version        int            `json:"version"`
	Policy         Policy         `json:"policy"`
	Jira           Jira           `json:"jira"`
	Impersonation  Impersonation  `json:"impersonation"`
	Deny           Deny           `json:"deny"`
	TrustedProxies []netip.Prefix `json:"trustedProxies,omitempty"`
	// ClientAddressHeader is where they say whom they speak for; absent: X-Forwarded-For.
	ClientAddressHeader string `json:"clientAddressHeader,omitempty"`
	// MaxStaleness is how long a gateway serves without news from the Kubernetes API.
	MaxStaleness metav1.Duration `json:"maxStaleness"`
	// TLS is how clients' connections are secured; absent: not at all.
	TLS *TLS `json:"tls,omitempty"`
	// MaxInFlight is how many requests may be with Jira at once, by all gateways; 0: any number.
	MaxInFlight int32 `json:"maxInFlight,omitempty"`
	// Replicas is the number of gateways that share each token's rate limit; absent: 1.
	Replicas int32 `json:"replicas,omitempty"`
	// RateLimitStore counts requests and burst of each rate limit for all gateways; absent: each counts its share.
	RateLimitStore *RateLimitStore `json:"rateLimitStore,omitempty"`
	// Scopes says which scopes operations need that the catalogue does not know; absent: read, write and admin.
	Scopes *Scopes `json:"scopes,omitempty"`
	// FrontDoor is true if all of Jira's traffic passes through the gateway; absent: only that of tokens.
	FrontDoor bool `json:"frontDoor,omitempty"`
	// Audit says what becomes of audit lines; absent: as the API's defaults say.
	Audit *Audit `json:"audit,omitempty"`
	// RewriteLinks makes links in Jira's JSON answers lead to PublicURL; absent: they lead where Jira says.
	RewriteLinks bool `json:"rewriteLinks,omitempty"`
	// AffinityCookies are a load balancer's, by which tokens stay on a node of Jira; absent: none is kept.
	AffinityCookies []string `json:"affinityCookies,omitempty"`
	// Personal is what happens to personal credentials; absent: they are refused.
	Personal *Personal `json:"personal,omitempty"`
	// Activity is how the use of tokens is reported; absent: it is not.
	Activity *Activity `json:"activity,omitempty"`
	// PerTokenMetrics has requests counted for each token as well.
	PerTokenMetrics bool `json:"perTokenMetrics,omitempty"`
}

// Scopes is what a policy says of operations that the catalogue does not know.
type Scopes struct {
	DenyUnlisted bool        `json:"denyUnlisted,omitempty"`
	Operations   []Operation `json:"operations,omitempty"`
}

// Operation is one method of an operation of the policy.
type Operation struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Scope  string `json:"scope"`
}

// Policy identifies the TokenPolicy that the configuration was compiled from.
type Policy struct {
	Namespace  string    `json:"namespace"`
	Name       string    `json:"name"`
	UID        types.UID `json:"uid"`
	Generation int64     `json:"generation"`
}

// Jira says where Jira is. The three URLs have the same path and no slash at its end.
type Jira struct {
	URL       string  `json:"url"`
	BaseURL   string  `json:"baseURL"`
	PublicURL string  `json:"publicURL"`
	CABundle  *KeyRef `json:"caBundle,omitempty"`
	// ClientCertificate is a Secret with the keys tls.crt and tls.key, for connections to Jira; absent: they have none.
	ClientCertificate string `json:"clientCertificate,omitempty"`
}

// KeyRef names one key of a Secret of the gateway's namespace.
type KeyRef struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

// Secret is what the gateway needs of a Secret that its configuration may refer to.
type Secret struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels,omitempty"`
	Data   map[string][]byte `json:"data,omitempty"`
}

// TLS makes the gateway serve HTTPS and nothing else.
type TLS struct {
	// SecretName is a Secret with the keys tls.crt and tls.key.
	SecretName string `json:"secretName"`
	// ClientCA are the authorities of client certificates; absent: none is asked for.
	ClientCA *KeyRef `json:"clientCA,omitempty"`
	// ClientRequired refuses clients without a certificate.
	ClientRequired bool `json:"clientRequired,omitempty"`
}

// Deny is refused whatever the grants say.
type Deny struct {
	Owners     []string `json:"owners,omitempty"`
	Namespaces []string `json:"namespaces,omitempty"`
	// Tokens are namespace/name of ApiTokens.
	Tokens []string `json:"tokens,omitempty"`
	// IssuedBefore ends what was issued before that time, once it has come; absent: nothing.
	IssuedBefore *metav1.Time `json:"issuedBefore,omitempty"`
}
