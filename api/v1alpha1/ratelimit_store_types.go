// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// RateLimitStore is a Redis or Valkey server (version 6 or later) in which all
// replicas of the gateway count together, so that a token's rate limit holds
// exactly, however its requests are spread over them. While it is away, each
// replica counts its share of every limit by itself, as without a store.
type RateLimitStore struct {
	// address of the server, host:port, such as valkey.jira-gateway.svc:6379. It
	// is one server, or what leads to the one that can be written to; a cluster or
	// sentinels are not asked. The gateway's pods must be able to reach it.
	// +required
	Address StoreAddress `json:"address"`

	// secretRef names the Secret with the key `password` and, for a user of the
	// server's access control list, the key `username`. Absent: the server asks
	// for none.
	// +optional
	SecretRef *SecretReference `json:"secretRef,omitempty"`

	// tls encrypts the connection. Absent: password and counts travel in plain.
	// +optional
	TLS *RateLimitStoreTLS `json:"tls,omitempty"`
}

// StoreAddress is a host and a port.
// +kubebuilder:validation:MinLength=3
// +kubebuilder:validation:MaxLength=261
// +kubebuilder:validation:XValidation:rule="self.matches('^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|[[][0-9A-Fa-f:.]+[]]):[1-9][0-9]{0,4}$') && int(self.substring(self.lastIndexOf(':') + 1)) <= 65535",message="must be a host and a port, such as valkey.jira-gateway.svc:6379 or [2001:db8::1]:6379, without scheme or path"
type StoreAddress string

// RateLimitStoreTLS says whom the gateway takes for the store: the server whose
// certificate is for the host of `address`.
type RateLimitStoreTLS struct {
	// caSecretRef names the authorities, in PEM, that the server's certificate is
	// checked with. Default: the system's.
	// +optional
	CASecretRef *SecretKeyReference `json:"caSecretRef,omitempty"`
}
