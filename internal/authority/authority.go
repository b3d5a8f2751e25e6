// SPDX-License-Identifier: Apache-2.0

// Package authority makes the certificates that the webhook is served with, so that the operator needs nobody else for
// them. There is nothing to coordinate between its replicas but one rule in each direction:
//
//   - an authority is in the webhook configuration's caBundle from when it is made until it has expired, and
//   - a replica serves with a certificate of an authority only after the caBundle has had it for a minute.
//
// So whatever a replica serves with is trusted, however late it or the API server learns of a change, and whoever dies
// between two writes leaves a state that the next one completes. Certificates of servers live in their memory alone and
// end with their authority.
package authority

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

const (
	lifetime = 30 * 24 * time.Hour
	// renewBefore is how long before the end of an authority the next one is made: the operator may be down for so long.
	renewBefore = lifetime / 3
	// backdate is how far the API server's clock may be behind ours.
	backdate = 5 * time.Minute

	blockCertificate = "CERTIFICATE"
	blockKey         = "PRIVATE KEY"
)

// Authority signs certificates of servers.
type Authority struct {
	Certificate *x509.Certificate

	key *ecdsa.PrivateKey
}

// New makes an authority that ends in 30 days.
func New(now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make an authority's key: %w", err)
	}
	now = now.UTC().Truncate(time.Second)
	template := &x509.Certificate{
		// A name of its own, so that nobody who verifies takes one authority for another.
		Subject:               pkix.Name{CommonName: "jira-token-operator webhook " + now.Format(time.RFC3339)},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(lifetime),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	certificate, err := sign(template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &Authority{Certificate: certificate, key: key}, nil
}

// Issue makes a certificate for a server with these DNS names or IP addresses. It ends with its authority.
func (a *Authority) Issue(now time.Time, names ...string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a server's key: %w", err)
	}
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "jira-token-operator webhook"},
		NotBefore:   now.UTC().Add(-backdate),
		NotAfter:    a.Certificate.NotAfter,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if address := net.ParseIP(name); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	leaf, err := sign(template, a.Certificate, &key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

func sign(template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("choose a serial number: %w", err)
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, fmt.Errorf("sign a certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// createdAt is when the authority was made.
func (a *Authority) createdAt() time.Time { return a.Certificate.NotBefore.Add(backdate) }

// Encode writes the certificate and the key in PEM, for a Secret.
func (a *Authority) Encode() ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return nil, fmt.Errorf("encode an authority's key: %w", err)
	}
	return append(encodeCertificate(a.Certificate), pem.EncodeToMemory(&pem.Block{Type: blockKey, Bytes: key})...), nil
}

func encodeCertificate(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: blockCertificate, Bytes: c.Raw})
}

// decode reads what Encode wrote. Its errors repeat nothing of the key.
func decode(text []byte) (*Authority, error) {
	first, rest := pem.Decode(text)
	if first == nil || first.Type != blockCertificate {
		return nil, errors.New("has no certificate at its beginning")
	}
	second, rest := pem.Decode(rest)
	if second == nil || second.Type != blockKey || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("has not exactly one private key after its certificate")
	}
	certificate, err := x509.ParseCertificate(first.Bytes)
	if err != nil || !certificate.IsCA {
		return nil, errors.New("has a certificate that is not an authority's")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(second.Bytes)
	if err != nil {
		return nil, errors.New("has a private key that can't be parsed")
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || !key.PublicKey.Equal(certificate.PublicKey) {
		return nil, errors.New("has a private key that does not belong to its certificate")
	}
	return &Authority{Certificate: certificate, key: key}, nil
}
