// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// liveTokenSecret reads the Secret of the wanted name from the API server; nil: there is none.
func (r *Reconciler) liveTokenSecret(ctx context.Context, t *v1alpha1.ApiToken) (*corev1.Secret, error) {
	var secret corev1.Secret
	err := r.Live.Get(ctx, types.NamespacedName{Namespace: t.Namespace, Name: t.SecretName()}, &secret)
	if apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // absence is a result, not an error
	}
	if err != nil {
		if err = r.unlessEnding(ctx, t, t.Namespace, err); err == nil {
			return nil, nil //nolint:nilnil // it goes with its namespace
		}
		return nil, fmt.Errorf("read Secret %s/%s: %w", t.Namespace, t.SecretName(), err)
	}
	return &secret, nil
}

// writeTokenSecret creates the Secret, or changes exactly the one that was read.
func (r *Reconciler) writeTokenSecret(
	ctx context.Context, t *v1alpha1.ApiToken, secret *corev1.Secret, data map[string][]byte, s *slot,
) error {
	var err error
	if secret == nil {
		err = r.Client.Create(ctx, newTokenSecret(t, data, s))
	} else {
		putData(secret, data)
		wantedMetadata(t, s).putOn(secret)
		err = r.Client.Update(ctx, secret) // conditional: it carries the UID and resourceVersion that were read
		if apierrors.IsNotFound(err) {     // somebody has just deleted it: no refusal, but a reason to look again
			err = apierrors.NewConflict(corev1.Resource("secrets"), secret.Name, err)
		}
	}
	if err != nil {
		return newWriteError(fmt.Sprintf("write Secret %s/%s", t.Namespace, t.SecretName()), err, string(data[keyToken]))
	}
	return nil
}

func (r *Reconciler) repairTokenSecret(
	ctx context.Context, t *v1alpha1.ApiToken, v *verdict, secret *corev1.Secret, s *slot,
) error {
	data := tokenSecretData(string(secret.Data[keyToken]), t, v.publicURL)
	if holdsData(secret, data) && wantedMetadata(t, s).on(secret) {
		return nil // the cache was behind
	}
	return r.writeTokenSecret(ctx, t, secret, data, s)
}
