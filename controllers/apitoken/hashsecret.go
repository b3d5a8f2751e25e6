// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// newHashSecret builds the Secret of one slot. It has no owner reference: the garbage collector deletes what is owned
// from another namespace.
func newHashSecret(t *v1alpha1.ApiToken, number int, c *grant.Credential) (*corev1.Secret, error) {
	data, err := grant.Encode(c)
	if err != nil {
		return nil, fmt.Errorf("encode credential: %w", err)
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:   string(t.Spec.PolicyRef.Namespace),
			Name:        slotName(t.UID, number),
			Labels:      hashSecretLabels(t),
			Annotations: map[string]string{annotationToken: t.Namespace + "/" + t.Name},
		},
		Type: v1alpha1.SecretTypeTokenHash,
		Data: map[string][]byte{grant.DataKey: data},
	}, nil
}

func hashSecretLabels(t *v1alpha1.ApiToken) map[string]string { return secretLabels(t, "token-hash") }
