// SPDX-License-Identifier: Apache-2.0

package ownobjects

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// GetSecret reads a Secret of the manager's own. One of another type was put there by somebody else: who may write it is
// not restricted, so it is not used.
func GetSecret(
	ctx context.Context, reader client.Reader, key types.NamespacedName, kind corev1.SecretType,
) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	if err := reader.Get(ctx, key, secret); err != nil {
		return nil, fmt.Errorf("read Secret %s: %w", key, err)
	}
	if secret.Type != kind {
		return nil, fmt.Errorf("use Secret %s: its type is %s, not %s: delete it, the operator makes its own", key, secret.Type, kind)
	}
	return secret, nil
}

// NewSecret makes one to be created.
func NewSecret(key types.NamespacedName, kind corev1.SecretType, data map[string][]byte) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: key.Name, Namespace: key.Namespace,
			Labels: map[string]string{resources.LabelManagedBy: v1alpha1.ManagedBy},
		},
		Type: kind,
		Data: data,
	}
}
