// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/policysecret"
)

// secret reads a Secret whose owner lets this policy use it.
func (r *Reconciler) secret(ctx context.Context, p *v1alpha1.TokenPolicy, field, name string) (map[string][]byte, error) {
	var secret corev1.Secret
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: name}, &secret)
	switch {
	case apierrors.IsNotFound(err):
		return nil, refused("%s: Secret %s does not exist: create it in namespace %s with the label %s=%s",
			field, name, p.Namespace, v1alpha1.LabelPolicy, p.Name)
	case err != nil:
		return nil, fmt.Errorf("%s: get Secret %s: %w", field, name, err)
	case policysecret.MadeByOperator(&secret):
		return nil, refused("%s: Secret %s is one of the operator's own: name a Secret that you made", field, name)
	case secret.Labels[v1alpha1.LabelPolicy] != p.Name:
		return nil, refused("%s: Secret %s lacks the label by which its owner lets this policy use it: "+
			"kubectl label secret %s -n %s %s=%s", field, name, name, p.Namespace, v1alpha1.LabelPolicy, p.Name)
	}
	return secret.Data, nil
}

// refused is a problem with the credential.
func refused(format string, args ...any) *problem {
	return &problem{reason: v1alpha1.ReasonDirectoryRefused, message: fmt.Sprintf(format, args...)}
}

// source stands for all that Jira is read with. It changes with the Secrets, as far as the cache has them.
func (r *Reconciler) source(ctx context.Context, p *v1alpha1.TokenPolicy) (string, error) {
	parts := []any{p.Spec.Jira, p.Spec.Directory.SecretRef, p.Spec.Directory.OAuth, p.Spec.Impersonation.OAuth}
	for _, name := range references(&p.Spec) {
		var secret corev1.Secret
		key := client.ObjectKey{Namespace: p.Namespace, Name: name}
		if err := r.Client.Get(ctx, key, &secret, client.UnsafeDisableDeepCopy); client.IgnoreNotFound(err) != nil {
			return "", fmt.Errorf("get Secret %s: %w", name, err)
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

// references are the names of the Secrets that the directory is read with.
func references(spec *v1alpha1.TokenPolicySpec) []string {
	var names []string
	if spec.Directory == nil {
		return nil
	}
	if ref := spec.Directory.SecretRef; ref != nil {
		names = append(names, ref.Name)
	}
	if oauth := spec.Impersonation.OAuth; oauth != nil && spec.Directory.OAuth != nil {
		names = append(names, oauth.PrivateKeySecretRef.Name)
	}
	if bundle := spec.Jira.CABundle; bundle != nil {
		names = append(names, bundle.SecretRef.Name)
	}
	if ref := spec.Jira.ClientCertificateSecretRef; ref != nil {
		names = append(names, ref.Name)
	}
	return names
}
