// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// hashSecret is what matters of a hash Secret. client-go collects a list of them before it hands it over, and a whole
// Secret takes several times the memory.
type hashSecret struct {
	metav1.ObjectMeta

	credential []byte
}

// slim drops what is not needed from a Secret. It repeats what the API was asked for, too: a proxy or a mistake in a
// selector must not widen anything.
func (s *hashStore) slim(object any) (*hashSecret, bool) {
	if h, done := object.(*hashSecret); done {
		return h, true
	}
	secret, ok := object.(*corev1.Secret)
	if !ok || secret.Namespace != s.m.opts.Namespace || secret.Type != v1alpha1.SecretTypeTokenHash ||
		secret.Labels[v1alpha1.LabelPolicy] != s.m.opts.Policy { // what another policy of this namespace granted
		return nil, false
	}
	return &hashSecret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.m.opts.Namespace, Name: secret.Name,
			CreationTimestamp: secret.CreationTimestamp, DeletionTimestamp: secret.DeletionTimestamp,
		},
		credential: secret.Data[grant.DataKey],
	}, true
}

// oldestFirst makes every gateway decide alike when two Secrets claim one hash.
func (s *hashStore) oldestFirst(objects []any) []*hashSecret {
	list := make([]*hashSecret, 0, len(objects))
	for _, object := range objects {
		if secret, ok := s.slim(object); ok {
			list = append(list, secret)
		}
	}
	slices.SortFunc(list, func(a, b *hashSecret) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return list
}
