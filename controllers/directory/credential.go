// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/impersonate"
	"github.com/jiratokens/jira-token-operator/internal/jira"
	"github.com/jiratokens/jira-token-operator/internal/jirasecret"
)

// Keys of the Secret that spec.directory.secretRef names.
const (
	keyToken    = "token"
	keyUsername = "username"
	keyPassword = "password"
)

// jiraClient makes a client from what the policy refers to. What can't be used is a problem.
func (r *Reconciler) jiraClient(ctx context.Context, p *v1alpha1.TokenPolicy) (*jira.Client, error) {
	o := jira.Options{URL: string(p.Spec.Jira.URL), BaseURL: baseURL(p)}
	var err error
	if bundle := p.Spec.Jira.CABundle; bundle != nil {
		if o.Roots, err = r.roots(ctx, p, bundle); err != nil {
			return nil, err
		}
	}
	if ref := p.Spec.Jira.ClientCertificateSecretRef; ref != nil {
		if o.Certificate, err = r.certificate(ctx, p, ref); err != nil {
			return nil, err
		}
	}
	if ref := p.Spec.Directory.SecretRef; ref != nil {
		o.Credential, err = r.secretCredential(ctx, p, ref)
	} else {
		o.Credential, err = r.oauthCredential(ctx, p)
	}
	if err != nil {
		return nil, err
	}
	c, err := jira.New(o)
	if err != nil {
		return nil, &problem{reason: v1alpha1.ReasonInvalidSpec, message: fmt.Sprintf("spec.jira can't be used: %v", err)}
	}
	return c, nil
}

func baseURL(p *v1alpha1.TokenPolicy) string {
	return string(cmp.Or(p.Spec.Jira.BaseURL, p.Spec.Jira.PublicURL))
}

func (r *Reconciler) roots(ctx context.Context, p *v1alpha1.TokenPolicy, bundle *v1alpha1.CABundle) (*x509.CertPool, error) {
	data, err := r.secret(ctx, p, "spec.jira.caBundle.secretRef", bundle.SecretRef.Name)
	if err != nil {
		return nil, err
	}
	certificates, err := jirasecret.ParseCertificates(bytes.TrimSpace(data[bundle.SecretRef.Key]))
	if err != nil {
		return nil, refused("spec.jira.caBundle.secretRef: Secret %s: key %q %v", bundle.SecretRef.Name, bundle.SecretRef.Key, err)
	}
	pool := x509.NewCertPool()
	for _, certificate := range certificates {
		pool.AddCert(certificate)
	}
	return pool, nil
}

// secretCredential prefers a token to a password, as the check of the policy's references does.
func (r *Reconciler) certificate(
	ctx context.Context, p *v1alpha1.TokenPolicy, ref *v1alpha1.SecretReference,
) (*tls.Certificate, error) {
	const field = "spec.jira.clientCertificateSecretRef"
	data, err := r.secret(ctx, p, field, ref.Name)
	if err != nil {
		return nil, err
	}
	pair, err := jirasecret.ParseKeyPair(data)
	if err != nil {
		return nil, refused("%s: Secret %s: %v", field, ref.Name, err)
	}
	return pair, nil
}

func (r *Reconciler) secretCredential(
	ctx context.Context, p *v1alpha1.TokenPolicy, ref *v1alpha1.SecretReference,
) (jira.Credential, error) {
	const field = "spec.directory.secretRef"
	data, err := r.secret(ctx, p, field, ref.Name)
	if err != nil {
		return nil, err
	}
	value := func(key string) string { return string(bytes.TrimSpace(data[key])) }
	var credential jira.Credential
	switch {
	case value(keyToken) != "":
		credential, err = jira.PersonalAccessToken(value(keyToken))
	case value(keyUsername) != "" && value(keyPassword) != "":
		credential, err = jira.Password(value(keyUsername), value(keyPassword))
	default:
		return nil, refused("%s: Secret %s needs the key %q (a Jira personal access token), or %q and %q",
			field, ref.Name, keyToken, keyUsername, keyPassword)
	}
	if err != nil {
		return nil, refused("%s: Secret %s can't be used: %v", field, ref.Name, err)
	}
	return credential, nil
}

func (r *Reconciler) oauthCredential(ctx context.Context, p *v1alpha1.TokenPolicy) (jira.Credential, error) {
	const field = "spec.impersonation.oauth.privateKeySecretRef"
	consumer := p.Spec.Impersonation.OAuth
	if consumer == nil || p.Spec.Directory.OAuth == nil {
		return nil, &problem{
			reason: v1alpha1.ReasonInvalidSpec, message: "spec.directory.oauth needs spec.impersonation.oauth; or use secretRef",
		}
	}
	ref := consumer.PrivateKeySecretRef
	data, err := r.secret(ctx, p, field, ref.Name)
	if err != nil {
		return nil, err
	}
	key, err := jirasecret.ParseRSAKey(data[ref.Key])
	if err != nil {
		return nil, refused("%s: Secret %s: key %q %v", field, ref.Name, ref.Key, err)
	}
	signer, err := impersonate.NewOAuth(impersonate.Consumer{
		Key: consumer.ConsumerKey, PrivateKey: key, SignatureMethod: string(consumer.SignatureMethod),
	}, baseURL(p), r.Clock)
	if err != nil {
		return nil, &problem{reason: v1alpha1.ReasonInvalidSpec, message: fmt.Sprintf("spec.jira.baseURL: %v", err)}
	}
	return jira.Impersonated(signer, string(p.Spec.Directory.OAuth.Username)), nil
}
