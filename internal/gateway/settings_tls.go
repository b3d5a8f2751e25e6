// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"reflect"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/jirasecret"
)

// clientTLS is how connections from clients are secured.
type clientTLS struct {
	wanted      gatewayconfig.TLS
	certificate *tls.Certificate // nil: there is none to use
	clientCAs   *x509.CertPool   // nil: none wanted, or none to use
	clientKey   string           // equal keys believe the same client certificates; empty: the authorities can't be used
	config      *tls.Config      // of the above; nil while something is missing
}

// modernSuites are those of TLS 1.2 with forward secrecy and authenticated encryption; TLS 1.3 has no others.
var modernSuites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

func (s *Settings) compileTLS(store *secretStore, wanted *gatewayconfig.TLS) error {
	if wanted == nil {
		return nil
	}
	s.tls = &clientTLS{wanted: *wanted}
	clientErr := s.tls.readClientCAs(store)
	secret, err := store.find(wanted.SecretName)
	if err == nil {
		s.tls.certificate, err = jirasecret.ParseKeyPair(secret.Data)
		if err != nil {
			err = fmt.Errorf("secret %q: %w", wanted.SecretName, err)
		}
	}
	if err == nil {
		return clientErr
	}
	if clientErr == nil {
		return err
	}
	return fmt.Errorf("%w; %w", err, clientErr)
}

func (t *clientTLS) readClientCAs(store *secretStore) error {
	ref := t.wanted.ClientCA
	if ref == nil {
		t.clientKey = "any"
		return nil
	}
	bundle, err := store.value(*ref)
	if err != nil {
		return err
	}
	authorities, err := jirasecret.ParseCertificates(bundle)
	if err != nil {
		return fmt.Errorf("secret %q: key %q %w", ref.Name, ref.Key, err)
	}
	t.clientCAs = x509.NewCertPool()
	for _, authority := range authorities {
		t.clientCAs.AddCert(authority)
	}
	digest := sha256.Sum256(bundle)
	t.clientKey = fmt.Sprintf("%s required=%t", hex.EncodeToString(digest[:]), t.wanted.ClientRequired)
	return nil
}

// keep takes what there is nothing to use for from the settings before. A certificate for clients shows who the gateway
// is, and an older one is better than none, or than one that no client takes; authorities say who may connect, and count
// only where the same are meant.
func (t *clientTLS) keep(before *clientTLS, now time.Time) (warning string) {
	if t == nil || before == nil {
		return ""
	}
	if t.certificate != nil && before.certificate != nil && !isValidAt(t.certificate, now) && isValidAt(before.certificate, now) {
		warning = fmt.Sprintf("the certificate in Secret %q is valid from %s to %s only: the one before stays in use",
			t.wanted.SecretName, t.certificate.Leaf.NotBefore.Format(time.RFC3339), t.certificate.Leaf.NotAfter.Format(time.RFC3339))
		t.certificate = nil
	}
	if t.certificate == nil {
		t.certificate = before.certificate
	}
	if t.clientKey == "" && reflect.DeepEqual(t.wanted.ClientCA, before.wanted.ClientCA) &&
		t.wanted.ClientRequired == before.wanted.ClientRequired {
		t.clientCAs, t.clientKey = before.clientCAs, before.clientKey
	}
	return warning
}

func isValidAt(certificate *tls.Certificate, now time.Time) bool {
	return !now.Before(certificate.Leaf.NotBefore) && !now.After(certificate.Leaf.NotAfter)
}

func (t *clientTLS) lacks() string {
	switch {
	case t.certificate == nil:
		return "the Secret with the gateway's certificate is missing or can't be used"
	case t.clientKey == "":
		return "the Secret with the authorities of client certificates is missing or can't be used"
	}
	return ""
}

// secure makes what handshakes go by, or keeps that of the settings before: with it sessions can be resumed.
func (s *Settings) secure(before *Settings) {
	t := s.tls
	if t == nil || t.config != nil || t.lacks() != "" {
		return
	}
	if before != nil && before.tls != nil && before.tls.config != nil && t.same(before.tls) {
		t.config = before.tls.config
		return
	}
	t.config = &tls.Config{
		Certificates: []tls.Certificate{*t.certificate},
		MinVersion:   tls.VersionTLS12,
		CipherSuites: modernSuites,
		NextProtos:   []string{"http/1.1"},
	}
	if t.clientCAs != nil {
		t.config.ClientCAs, t.config.ClientAuth = t.clientCAs, tls.VerifyClientCertIfGiven
		if t.wanted.ClientRequired {
			t.config.ClientAuth = tls.RequireAndVerifyClientCert
		}
	}
}

func (t *clientTLS) same(other *clientTLS) bool {
	return t.clientKey == other.clientKey && reflect.DeepEqual(t.certificate.Certificate, other.certificate.Certificate)
}

// expiry is in seconds since 1970; 0: there is no certificate.
func (t *clientTLS) expiry() float64 {
	if t == nil || t.certificate == nil || t.certificate.Leaf == nil {
		return 0
	}
	return float64(t.certificate.Leaf.NotAfter.Unix())
}
