// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"time"
)

const (
	// grace is how long a caBundle keeps authorities that the Secret does not have. It begins with the oldest that it
	// has: when the Secret was deleted and made again, replicas go on with the old authority for a while.
	grace = 10 * time.Minute
	// maxStrays bounds how many of them.
	maxStrays = 4
)

// Bundle gives the caBundle that should be, in PEM: every authority of the set that has not expired and, for a while,
// those of the present caBundle that are not in the set. An empty set, as of a Secret that was deleted, changes nothing.
func (s Set) Bundle(present []byte, now time.Time) []byte {
	if len(s) == 0 {
		return present
	}
	var out []byte
	for _, a := range s {
		if now.Before(a.Certificate.NotAfter) {
			out = append(out, encodeCertificate(a.Certificate)...)
		}
	}
	if now.After(s[0].createdAt().Add(grace)) {
		return out
	}
	strays := 0
	for _, c := range parseBundle(present) {
		if !s.has(c) && c.IsCA && now.Before(c.NotAfter) && strays < maxStrays {
			out = append(out, encodeCertificate(c)...)
			strays++
		}
	}
	return out
}

// Certificates are those of all authorities, in PEM, for whoever connects to what they certify. It is the same text as long as
// the set is the same; Renew takes out what has expired.
func (s Set) Certificates() []byte {
	var out bytes.Buffer
	for _, a := range s {
		out.Write(encodeCertificate(a.Certificate))
	}
	return out.Bytes()
}

func (s Set) has(c *x509.Certificate) bool {
	for _, a := range s {
		if a.Certificate.Equal(c) {
			return true
		}
	}
	return false
}

// parseBundle reads the certificates of a caBundle and passes over everything else.
func parseBundle(text []byte) (certificates []*x509.Certificate) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if c, err := x509.ParseCertificate(block.Bytes); err == nil && block.Type == blockCertificate {
			certificates = append(certificates, c)
		}
	}
	return certificates
}

// inBundle tells whether a caBundle has the certificate.
func inBundle(bundle []byte, c *x509.Certificate) bool {
	return bytes.Contains(bundle, encodeCertificate(c))
}
