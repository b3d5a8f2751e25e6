// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// GatewayTLS makes the gateway serve HTTPS, and nothing but HTTPS. It speaks
// TLS 1.2 and 1.3, and HTTP/1.1.
// +kubebuilder:validation:XValidation:rule="!has(self.clientAuth) || has(self.clientCASecretRef)",message="clientAuth needs clientCASecretRef: the authorities whose client certificates are believed"
type GatewayTLS struct {
	// secretName is the Secret of type kubernetes.io/tls with the certificate of
	// `jira.publicURL`'s host (`tls.crt`, with the authorities between it and a
	// root) and its key (`tls.key`), in the policy's namespace. It must carry the
	// label `jiratokens.io/policy: <name of the policy>`. A new certificate is
	// used for all connections from then on; those that are open go on.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName"`

	// clientCASecretRef names the authorities, in PEM, whose client certificates
	// are believed. A certificate lets a client connect; what it may do is said by
	// its token alone.
	// +optional
	ClientCASecretRef *SecretKeyReference `json:"clientCASecretRef,omitempty"`

	// clientAuth is Require where every client has to have a certificate, and
	// Request where it may leave it out; one that is not believed ends the
	// connection in both cases. Default, with clientCASecretRef: Require.
	// +optional
	ClientAuth ClientAuth `json:"clientAuth,omitempty"`
}

// ClientAuth says whether clients have to have a certificate.
// +kubebuilder:validation:Enum=Request;Require
type ClientAuth string

// The values of ClientAuth.
const (
	ClientAuthRequest ClientAuth = "Request"
	ClientAuthRequire ClientAuth = "Require"
)
