// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/jirasecret"
)

// upstreamTLS is how connections to Jira are secured.
type upstreamTLS struct {
	roots       *x509.CertPool   // nil: the system's
	certificate *tls.Certificate // of the gateway; nil: none
	// Equal keys stand for equal values; empty: the Secret can't be used.
	rootsKey, certificateKey string
}

// key is empty if there is nothing to connect with. Transports of equal keys can share connections.
func (u *upstreamTLS) key() string {
	if u.rootsKey == "" || u.certificateKey == "" {
		return ""
	}
	return u.rootsKey + " " + u.certificateKey
}

// keep takes what there is nothing to use for from the settings before.
func (u *upstreamTLS) keep(before *upstreamTLS) {
	if u.rootsKey == "" {
		u.roots, u.rootsKey = before.roots, before.rootsKey
	}
	if u.certificateKey == "" {
		u.certificate, u.certificateKey = before.certificate, before.certificateKey
	}
}

func (s *Settings) compileUpstreamTLS(store *secretStore, jira *gatewayconfig.Jira) error {
	return errors.Join(s.upstream.readRoots(store, jira.CABundle), s.upstream.readCertificate(store, jira.ClientCertificate))
}

func (u *upstreamTLS) readRoots(store *secretStore, ref *gatewayconfig.KeyRef) error {
	if ref == nil {
		u.rootsKey = "system"
		return nil
	}
	u.roots = x509.NewCertPool() // empty while it can't be read: nobody is trusted
	bundle, err := store.value(*ref)
	if err != nil {
		return err
	}
	certificates, err := jirasecret.ParseCertificates(bundle)
	if err != nil {
		return fmt.Errorf("secret %q: key %q %w", ref.Name, ref.Key, err)
	}
	for _, certificate := range certificates {
		u.roots.AddCert(certificate)
	}
	digest := sha256.Sum256(bundle)
	u.rootsKey = hex.EncodeToString(digest[:])
	return nil
}

func (u *upstreamTLS) readCertificate(store *secretStore, name string) error {
	if name == "" {
		u.certificateKey = "none"
		return nil
	}
	secret, err := store.find(name)
	if err != nil {
		return err
	}
	if u.certificate, err = jirasecret.ParseKeyPair(secret.Data); err != nil {
		return fmt.Errorf("secret %q: %w", name, err)
	}
	digest := sha256.New()
	for _, der := range u.certificate.Certificate {
		_, _ = digest.Write(der) // never fails
	}
	u.certificateKey = hex.EncodeToString(digest.Sum(nil))
	return nil
}

// config shows the certificate to whoever asks for one, whatever authorities they name: there is no other, and Jira says
// plainly what it has against it.
func (u *upstreamTLS) config() *tls.Config {
	c := &tls.Config{RootCAs: u.roots, MinVersion: tls.VersionTLS12}
	if u.certificate != nil {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return u.certificate, nil }
	}
	return c
}
