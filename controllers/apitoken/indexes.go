// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

const (
	// annotationToken is, on a hash Secret, the namespace/name of its ApiToken. It wakes that token's reconciliation
	// and nothing is decided by it.
	annotationToken = "jiratokens.io/api-token"

	// annotationSlot is, on a token Secret, the number of the slot whose token it holds.
	annotationSlot = "jiratokens.io/slot"

	// annotationDeclared is, on an ApiToken, when its expiry fields were last changed and what they said. A credential
	// remembers that too, and is believed first; this is for when there is none.
	annotationDeclared = "jiratokens.io/declared"

	secretByTokenUID  = "jiratokens.io/secret-by-token-uid"
	hashSecretByToken = "jiratokens.io/hash-secret-by-token"
)

// RegisterIndexes adds the indexes that the Reconciler reads the cache by.
func RegisterIndexes(ctx context.Context, indexer client.FieldIndexer) error {
	byUID := func(o client.Object) []string {
		if uid := o.GetLabels()[v1alpha1.LabelTokenUID]; uid != "" {
			return []string{uid}
		}
		return nil
	}
	byToken := func(o client.Object) []string {
		if key, ok := tokenOfHashSecret(o); ok {
			return []string{key.String()}
		}
		return nil
	}
	if err := indexer.IndexField(ctx, &corev1.Secret{}, secretByTokenUID, byUID); err != nil {
		return fmt.Errorf("index Secrets by token UID: %w", err)
	}
	if err := indexer.IndexField(ctx, &corev1.Secret{}, hashSecretByToken, byToken); err != nil {
		return fmt.Errorf("index hash Secrets by token: %w", err)
	}
	return nil
}

func parseKey(s string) (types.NamespacedName, bool) {
	namespace, name, ok := strings.Cut(s, "/")
	return types.NamespacedName{Namespace: namespace, Name: name}, ok && namespace != "" && name != ""
}
