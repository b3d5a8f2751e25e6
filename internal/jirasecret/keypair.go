// SPDX-License-Identifier: Apache-2.0

package jirasecret

import (
	"crypto/tls"
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// ParseKeyPair parses the data of a Secret of type kubernetes.io/tls: a certificate, of a server or of a client, those of
// the authorities between it and a root, and its key. Unlike the others' its errors begin with the key that they are about.
func ParseKeyPair(data map[string][]byte) (*tls.Certificate, error) {
	if _, err := ParseCertificates(data[corev1.TLSCertKey]); err != nil {
		return nil, fmt.Errorf("key %q %w", corev1.TLSCertKey, err)
	}
	pair, err := tls.X509KeyPair(data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey])
	if err != nil { // its text stays out: it may quote the key
		return nil, fmt.Errorf("key %q holds no private key in PEM, not encrypted, that belongs to the first certificate of %q",
			corev1.TLSPrivateKeyKey, corev1.TLSCertKey)
	}
	return &pair, nil
}
