// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/policysecret"
	"github.com/jiratokens/jira-token-operator/internal/impersonate"
	"github.com/jiratokens/jira-token-operator/internal/jira"
	"github.com/jiratokens/jira-token-operator/internal/jirasecret"
)

// verificationSecrets are what a verification is made with, by the names of the Secrets.
type verificationSecrets struct{ data map[string]map[string][]byte }

// forVerification are the references that requests to Jira are made with.
func forVerification(spec *v1alpha1.TokenPolicySpec) []reference {
	var out []reference
	for _, ref := range references(spec) {
		if strings.HasPrefix(ref.field, "spec.jira.") || strings.HasPrefix(ref.field, "spec.impersonation.") {
			out = append(out, ref)
		}
	}
	return out
}

// material reads the Secrets, and judges them as the gateway does.
func (v *Verifier) material(ctx context.Context, p *v1alpha1.TokenPolicy) (*verificationSecrets, error) {
	s := &verificationSecrets{data: map[string]map[string][]byte{}}
	for _, ref := range forVerification(&p.Spec) {
		var secret corev1.Secret
		err := v.Live.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: ref.name}, &secret)
		if apierrors.IsNotFound(err) {
			return nil, ref.missing(p)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: get Secret %s: %w", ref.field, ref.name, err)
		}
		if found := ref.judge(p, &secret); found != nil {
			return nil, found
		}
		s.data[ref.name] = secret.Data
	}
	return s, nil
}

// source stands for all that a verification is made with but owners' tokens. It changes with the Secrets, as far as the
// cache has them.
func (v *Verifier) source(ctx context.Context, p *v1alpha1.TokenPolicy) (string, error) {
	parts := []any{p.Spec.Jira, p.Spec.Impersonation}
	for _, ref := range forVerification(&p.Spec) {
		var secret corev1.Secret
		key := client.ObjectKey{Namespace: p.Namespace, Name: ref.name}
		if err := v.Client.Get(ctx, key, &secret, client.UnsafeDisableDeepCopy); client.IgnoreNotFound(err) != nil {
			return "", fmt.Errorf("get Secret %s: %w", ref.name, err)
		}
		parts = append(parts, secret.UID, policysecret.DataDigest(&secret), secret.Labels[v1alpha1.LabelPolicy])
	}
	text, err := json.Marshal(parts)
	if err != nil {
		return "", fmt.Errorf("encode: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

func (s *verificationSecrets) value(ref v1alpha1.SecretKeyReference) []byte {
	return bytes.TrimSpace(s.data[ref.Name][ref.Key])
}

// client connects as the gateway does; without the certificate, as anybody could.
func (s *verificationSecrets) client(
	p *v1alpha1.TokenPolicy, credential jira.Credential, certificate bool,
) (*jira.Client, error) {
	o := jira.Options{URL: string(p.Spec.Jira.URL), BaseURL: baseURL(p), Credential: credential}
	if bundle := p.Spec.Jira.CABundle; bundle != nil {
		authorities, err := jirasecret.ParseCertificates(s.value(bundle.SecretRef))
		if err != nil {
			return nil, fmt.Errorf("parse the CA bundle: %w", err) // material has judged it
		}
		o.Roots = x509.NewCertPool()
		for _, authority := range authorities {
			o.Roots.AddCert(authority)
		}
	}
	if ref := p.Spec.Jira.ClientCertificateSecretRef; ref != nil && certificate {
		pair, err := jirasecret.ParseKeyPair(s.data[ref.Name])
		if err != nil {
			return nil, fmt.Errorf("parse the client certificate: %w", err)
		}
		o.Certificate = pair
	}
	c, err := jira.New(o)
	if err != nil {
		return nil, &problemError{reason: v1alpha1.ReasonInvalidSpec, message: fmt.Sprintf("spec.jira can't be used: %v", err)}
	}
	return c, nil
}

// identity makes the impersonator, and says as whom it is tried. Owners' tokens are tried one by one.
func identity(
	p *v1alpha1.TokenPolicy, s *verificationSecrets, now clock.PassiveClock,
) (by impersonate.Impersonator, user string, err error) {
	how := &p.Spec.Impersonation
	user = string(how.VerifyAs)
	switch {
	case how.OAuth != nil:
		by, err = oauthIdentity(p, s, now)
	case how.Header != nil:
		secretHeader, secret := "", ""
		if shared := how.Header.SharedSecret; shared != nil {
			secretHeader, secret = string(shared.Header), string(s.value(shared.SecretRef))
		}
		by, err = impersonate.NewHeader(string(how.Header.Name), secretHeader, secret)
	case how.ServiceAccount != nil:
		user = string(how.ServiceAccount.Username)
		by, err = accountIdentity(how.ServiceAccount, s)
	}
	if err != nil {
		message := fmt.Sprintf("spec.impersonation can't be used: %v", err)
		return nil, "", &problemError{reason: v1alpha1.ReasonInvalidSpec, message: message}
	}
	return by, user, nil
}

func oauthIdentity(p *v1alpha1.TokenPolicy, s *verificationSecrets, now clock.PassiveClock) (impersonate.Impersonator, error) {
	consumer := p.Spec.Impersonation.OAuth
	key, err := jirasecret.ParseRSAKey(s.value(consumer.PrivateKeySecretRef))
	if err != nil {
		return nil, err
	}
	return impersonate.NewOAuth(impersonate.Consumer{
		Key: consumer.ConsumerKey, PrivateKey: key, SignatureMethod: string(consumer.SignatureMethod),
	}, baseURL(p), now)
}

func accountIdentity(account *v1alpha1.ServiceAccountImpersonation, s *verificationSecrets) (impersonate.Impersonator, error) {
	value := func(key string) string {
		return string(s.value(v1alpha1.SecretKeyReference{Name: account.SecretRef.Name, Key: key}))
	}
	if token := value("token"); token != "" {
		return impersonate.NewServiceAccountToken(string(account.Username), token)
	}
	return impersonate.NewServiceAccountPassword(string(account.Username), value("password"))
}

func baseURL(p *v1alpha1.TokenPolicy) string {
	return string(cmp.Or(p.Spec.Jira.BaseURL, p.Spec.Jira.PublicURL))
}
