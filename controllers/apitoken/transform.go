// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// TransformSecret is for the manager's cache: it replaces every value of a token Secret by its SHA-256, so that the
// manager's memory holds no plaintext but while it makes a token. Comparing digests is all that the cache is used for;
// what is written comes from a live read.
func TransformSecret(in any) (any, error) {
	secret, ok := in.(*corev1.Secret)
	if !ok {
		return in, nil
	}
	secret.ManagedFields = nil
	if secret.Labels[v1alpha1.LabelTokenUID] == "" || secret.Type == v1alpha1.SecretTypeTokenHash {
		return in, nil
	}
	for key, value := range secret.Data {
		if _, err := token.ParseHash(string(value)); err != nil { // an object may pass here twice
			secret.Data[key] = digest(value)
		}
	}
	return in, nil
}

func digest(value []byte) []byte {
	text, _ := token.HashOf(string(value)).MarshalText() // never fails
	return text
}
