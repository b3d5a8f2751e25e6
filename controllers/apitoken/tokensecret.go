// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"bytes"
	"maps"
	"net/url"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// Keys of the token Secret: the well-known entries of the Service Binding specification, and token.
const (
	keyToken    = "token"
	keyUsername = "username"
	keyPassword = "password"
	keyURI      = "uri"
	keyHost     = "host"
	keyType     = "type"
	keyProvider = "provider"
)

// tokenSecretData is the content of the Secret that workloads mount.
func tokenSecretData(plaintext string, t *v1alpha1.ApiToken, publicURL string) map[string][]byte {
	host := ""
	if u, err := url.Parse(publicURL); err == nil {
		host = u.Hostname()
	}
	return map[string][]byte{
		keyToken:    []byte(plaintext),
		keyPassword: []byte(plaintext),
		keyUsername: []byte(t.Spec.Owner),
		keyURI:      []byte(publicURL),
		keyHost:     []byte(host),
		keyType:     []byte("jira"),
		keyProvider: []byte("jiratokens"),
	}
}

// newTokenSecret builds the Secret that workloads mount. Nothing of the ApiToken's labels and annotations is copied:
// a GitOps tool would take the Secret for its own and prune it.
func newTokenSecret(t *v1alpha1.ApiToken, data map[string][]byte, s *slot) *corev1.Secret {
	metadata := wantedMetadata(t, s)
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:       t.Namespace,
			Name:            t.SecretName(),
			Labels:          metadata.labels,
			Annotations:     metadata.annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(t, apiTokenKind)},
		},
		Type: corev1.SecretTypeOpaque,
		Data: data,
	}
}

var apiTokenKind schema.GroupVersionKind = v1alpha1.GroupVersion.WithKind("ApiToken")

func tokenSecretLabels(t *v1alpha1.ApiToken) map[string]string { return secretLabels(t, "token") }

func secretLabels(t *v1alpha1.ApiToken, component string) map[string]string {
	return map[string]string{
		v1alpha1.LabelPolicy:     t.Spec.PolicyRef.Name,
		v1alpha1.LabelTokenUID:   string(t.UID),
		resources.LabelManagedBy: v1alpha1.ManagedBy,
		resources.LabelComponent: component,
	}
}

// isOurs tells whether a Secret is the token's own. A Secret of the name that is not is never touched.
func isOurs(secret *corev1.Secret, t *v1alpha1.ApiToken) bool {
	return metav1.IsControlledBy(secret, t) && secret.Type == corev1.SecretTypeOpaque
}

// holdsData tells whether a Secret has the wanted data. What others added does not count.
func holdsData(secret *corev1.Secret, data map[string][]byte) bool {
	for key, want := range data {
		if got, ok := secret.Data[key]; !ok || !bytes.Equal(got, want) {
			return false
		}
	}
	return true
}

// putData puts the wanted data into a Secret.
func putData(secret *corev1.Secret, data map[string][]byte) {
	if secret.Data == nil {
		secret.Data = map[string][]byte{}
	}
	maps.Copy(secret.Data, data)
}
