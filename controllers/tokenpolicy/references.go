// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/policysecret"
	"github.com/jiratokens/jira-token-operator/internal/jirasecret"
)

// reference is a field of a policy that names a Secret.
type reference struct {
	field string
	name  string
	// keys: the Secret must have one of them.
	keys []string
	// check judges the key's value.
	check func([]byte) error
	// checkAll judges what several keys hold together.
	checkAll func(map[string][]byte) error
	// with names a key that one of keys is of no use without.
	with map[string]string
}

// references lists what a policy refers to. The Secrets of ownerTokens are no references: a missing one is the matter
// of that owner's tokens.
func references(spec *v1alpha1.TokenPolicySpec) []reference {
	var out []reference
	add := func(field string, ref v1alpha1.SecretKeyReference, check func([]byte) error) {
		out = append(out, reference{field: "spec." + field, name: ref.Name, keys: []string{ref.Key}, check: check})
	}
	if bundle := spec.Jira.CABundle; bundle != nil {
		add("jira.caBundle.secretRef", bundle.SecretRef, checkCertificates)
	}
	if ref := spec.Jira.ClientCertificateSecretRef; ref != nil {
		out = append(out, keyPair("spec.jira.clientCertificateSecretRef", ref.Name))
	}
	if oauth := spec.Impersonation.OAuth; oauth != nil {
		add("impersonation.oauth.privateKeySecretRef", oauth.PrivateKeySecretRef, checkRSAKey)
	}
	if header := spec.Impersonation.Header; header != nil && header.SharedSecret != nil {
		add("impersonation.header.sharedSecret.secretRef", header.SharedSecret.SecretRef, checkCredential)
	}
	if account := spec.Impersonation.ServiceAccount; account != nil {
		out = append(out, accountReference(account))
	}
	if gateway := spec.Gateway; gateway != nil && gateway.TLS != nil {
		out = append(out, keyPair("spec.gateway.tls.secretName", gateway.TLS.SecretName))
		if ref := gateway.TLS.ClientCASecretRef; ref != nil {
			add("gateway.tls.clientCASecretRef", *ref, checkCertificates)
		}
	}
	if gateway := spec.Gateway; gateway != nil && gateway.RateLimitStore != nil {
		out = append(out, storeReferences(gateway.RateLimitStore)...)
	}
	if d := spec.Directory; d != nil && d.SecretRef != nil {
		out = append(out, reference{
			field: "spec.directory.secretRef", name: d.SecretRef.Name,
			keys: []string{"token", "password"}, check: checkCredential, with: map[string]string{"password": "username"},
		})
	}
	return out
}

func storeReferences(store *v1alpha1.RateLimitStore) (out []reference) {
	const field = "spec.gateway.rateLimitStore."
	if store.SecretRef != nil {
		out = append(out, reference{
			field: field + "secretRef", name: store.SecretRef.Name, keys: []string{"password"}, check: checkCredential,
		})
	}
	if store.TLS != nil && store.TLS.CASecretRef != nil {
		out = append(out, reference{
			field: field + "tls.caSecretRef", name: store.TLS.CASecretRef.Name, keys: []string{store.TLS.CASecretRef.Key},
			check: checkCertificates,
		})
	}
	return out
}

func accountReference(account *v1alpha1.ServiceAccountImpersonation) reference {
	if oauth2 := account.OAuth2; oauth2 != nil {
		return reference{
			field: "spec.impersonation.serviceAccount.oauth2.secretRef", name: oauth2.SecretRef.Name,
			keys: []string{jirasecret.KeyClientID}, check: checkCredential, checkAll: checkClientCredentials,
			with: map[string]string{jirasecret.KeyClientID: jirasecret.KeyClientSecret},
		}
	}
	return reference{
		field: "spec.impersonation.serviceAccount.secretRef", name: account.SecretRef.Name,
		keys: []string{"token", "password"}, check: checkCredential,
	}
}

// keyPair is a certificate with its key.
func keyPair(field, name string) reference {
	return reference{
		field: field, name: name,
		keys: []string{corev1.TLSCertKey}, check: checkCertificates, checkAll: checkKeyPair,
		with: map[string]string{corev1.TLSCertKey: corev1.TLSPrivateKeyKey},
	}
}

// checkReferences makes sure that the Secrets exist, may be used by this policy and hold what they should.
func (r *Reconciler) checkReferences(ctx context.Context, p *v1alpha1.TokenPolicy) error {
	for _, ref := range references(&p.Spec) {
		var secret corev1.Secret
		err := r.Live.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: ref.name}, &secret)
		switch {
		case apierrors.IsNotFound(err):
			return ref.missing(p)
		case err != nil:
			return fmt.Errorf("%s: get Secret %s: %w", ref.field, ref.name, err)
		}
		if found := ref.judge(p, &secret); found != nil {
			return found
		}
	}
	return nil
}

func (ref *reference) missing(p *v1alpha1.TokenPolicy) *problemError {
	// Without the label it is not seen coming, and somebody who has just made it would take this for wrong.
	keys := "key " + quoted(ref.keys)
	if other, ok := ref.with[ref.keys[0]]; ok && len(ref.keys) == 1 {
		keys = "keys " + quoted(ref.keys) + " and " + strconv.Quote(other)
	}
	found := ref.invalid("does not exist: create it in namespace %s with the %s and the label %s=%s; if you "+
		"have made it without the label: %s",
		p.Namespace, keys, v1alpha1.LabelPolicy, p.Name, labelCommand(ref.name, p))
	found.waiting = true
	return found
}

func (ref *reference) judge(p *v1alpha1.TokenPolicy, secret *corev1.Secret) *problemError {
	command := labelCommand(secret.Name, p)
	switch label, ok := secret.Labels[v1alpha1.LabelPolicy]; {
	case !ok:
		return ref.invalid("lacks the label by which its owner lets this policy use it: %s", command)
	case policysecret.MadeByOperator(secret):
		return ref.invalid("is one of the operator's own: name a Secret that you made")
	case label != p.Name:
		return ref.invalid("carries the label for policy %q, not for this one: use another Secret, or %s --overwrite",
			label, command)
	}
	key, value := ref.value(secret.Data)
	if key == "" {
		return ref.invalid("has no key %s: add it, or correct the reference", quoted(ref.keys))
	}
	if err := ref.check(value); err != nil {
		return ref.invalid("can't be used: key %q %w", key, err)
	}
	if other, ok := ref.with[key]; ok && len(bytes.TrimSpace(secret.Data[other])) == 0 {
		return ref.invalid("has the key %q but no %q: add it", key, other)
	}
	if ref.checkAll != nil {
		if err := ref.checkAll(secret.Data); err != nil {
			return ref.invalid("can't be used: %w", err)
		}
	}
	return nil
}

// value takes what the gateway takes: the first key that is not empty, without the space around it. If all of them are
// empty it is the first that is there.
func (ref *reference) value(data map[string][]byte) (key string, value []byte) {
	for _, name := range ref.keys {
		content, ok := data[name]
		if content = bytes.TrimSpace(content); len(content) > 0 {
			return name, content
		}
		if ok && key == "" {
			key = name
		}
	}
	return key, nil
}

func checkCertificates(value []byte) error {
	_, err := jirasecret.ParseCertificates(value)
	return err
}

func checkKeyPair(data map[string][]byte) error {
	_, err := jirasecret.ParseKeyPair(data)
	return err
}

func checkClientCredentials(data map[string][]byte) error {
	_, _, err := jirasecret.ParseClientCredentials(data)
	return err
}

func checkRSAKey(value []byte) error {
	_, err := jirasecret.ParseRSAKey(value)
	return err
}

func checkCredential(value []byte) error { return jirasecret.Check(string(value)) }

func labelCommand(secret string, p *v1alpha1.TokenPolicy) string {
	return fmt.Sprintf("kubectl label secret %s -n %s %s=%s", secret, p.Namespace, v1alpha1.LabelPolicy, p.Name)
}

func (ref *reference) invalid(format string, args ...any) *problemError {
	return &problemError{
		reason:  v1alpha1.ReasonInvalidReference,
		message: fmt.Errorf("%s: Secret %s "+format, append([]any{ref.field, ref.name}, args...)...).Error(),
		// A Secret without the label is not watched: its creation or correction may go unnoticed.
		lookAgain: true,
	}
}

func quoted(keys []string) string {
	out := make([]string, 0, len(keys))
	for _, key := range keys {
		out = append(out, strconv.Quote(key))
	}
	return strings.Join(out, " or ")
}
