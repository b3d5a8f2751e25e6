// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

const (
	// annotationToken is, on a hash Secret, the namespace/name of its ApiToken. It wakes that token's reconciliation
	// and nothing is decided by it.
	annotationToken = "jiratokens.io/api-token"

	// annotationSlot is, on a token Secret, the number of the slot whose token it holds.
	annotationSlot = "jiratokens.io/slot"

	// annotationDeclaredKeys is, on a token Secret, which labels and annotations its ApiToken put on it.
	annotationDeclaredKeys = "jiratokens.io/declared-keys"

	// annotationDeclared is, on an ApiToken, when its expiry fields were last changed and what they said. A credential
	// remembers that too, and is believed first; this is for when there is none.
	annotationDeclared = "jiratokens.io/declared"

	// annotationAccepted is, on an ApiToken, for which declared hash a credential was made last, and the hash Secret of
	// that. It is believed only to take away: whoever edits it loses their own token, or has accepted anew what they may
	// declare anyway.
	annotationAccepted = "jiratokens.io/accepted-hash"

	secretByTokenUID  = "jiratokens.io/secret-by-token-uid"
	hashSecretByToken = "jiratokens.io/hash-secret-by-token"

	// hashSecretByHash and apiTokenByHash find, under one policy, the credentials that have a hash and the ApiTokens that
	// declare it, given as hashKey.
	hashSecretByHash = "jiratokens.io/hash-secret-by-hash"
	apiTokenByHash   = "jiratokens.io/api-token-by-hash"
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
	byHash := func(o client.Object) []string {
		if key, ok := hashOfHashSecret(o); ok {
			return []string{key}
		}
		return nil
	}
	if err := indexer.IndexField(ctx, &corev1.Secret{}, hashSecretByHash, byHash); err != nil {
		return fmt.Errorf("index hash Secrets by hash: %w", err)
	}
	byDeclaredHash := func(o client.Object) []string {
		if t, ok := o.(*v1alpha1.ApiToken); ok && t.Spec.TokenHash != "" {
			return []string{declaredHashKey(t)}
		}
		return nil
	}
	if err := indexer.IndexField(ctx, &v1alpha1.ApiToken{}, apiTokenByHash, byDeclaredHash); err != nil {
		return fmt.Errorf("index ApiTokens by hash: %w", err)
	}
	if err := indexer.IndexField(ctx, &v1alpha1.TokenApproval{}, approvalByTokenUID, approvalTokenUID); err != nil {
		return fmt.Errorf("index TokenApprovals by token UID: %w", err)
	}
	return nil
}

func hashKey(policyNamespace, policy string, hash v1alpha1.TokenHash) string {
	return policyNamespace + "/" + policy + "/" + string(hash)
}

func declaredHashKey(t *v1alpha1.ApiToken) string {
	return hashKey(string(t.Spec.PolicyRef.Namespace), t.Spec.PolicyRef.Name, t.Spec.TokenHash)
}

// hashOfHashSecret is the hashKey of a credential. It reads no more than the hash, of which there may be 100,000, and also
// that of a credential which a newer version wrote.
func hashOfHashSecret(o client.Object) (key string, ok bool) {
	secret, ok := o.(*corev1.Secret)
	if !ok || secret.Type != v1alpha1.SecretTypeTokenHash {
		return "", false
	}
	var credential struct {
		Hash v1alpha1.TokenHash `json:"hash"`
	}
	if json.Unmarshal(secret.Data[grant.DataKey], &credential) != nil || credential.Hash == "" {
		return "", false
	}
	return hashKey(secret.Namespace, secret.Labels[v1alpha1.LabelPolicy], credential.Hash), true
}

func parseKey(s string) (types.NamespacedName, bool) {
	namespace, name, ok := strings.Cut(s, "/")
	return types.NamespacedName{Namespace: namespace, Name: name}, ok && namespace != "" && name != ""
}
