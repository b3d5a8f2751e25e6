// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/index"
	"github.com/jiratokens/jira-token-operator/controllers/namespaced"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

const (
	credentialsByPolicy = "jiratokens.io/credentials-by-policy"
	ownerTokensByPolicy = "jiratokens.io/owner-tokens-by-policy"
)

// secretIndex finds Secrets by their policy. A list through the client would look at each of perhaps 100,000 and copy it.
// There may be one index for each namespace.
type secretIndex struct{ indexers []toolscache.Indexer }

func newSecretIndex(ctx context.Context, informers cache.Informers) (*secretIndex, error) {
	informer, err := informers.GetInformer(ctx, &corev1.Secret{}, cache.BlockUntilSynced(false))
	if err != nil {
		return nil, fmt.Errorf("get the informer of Secrets: %w", err)
	}
	err = informer.AddIndexers(toolscache.Indexers{
		credentialsByPolicy: byPolicy(isCredential),
		ownerTokensByPolicy: byPolicy(func(s *corev1.Secret) bool {
			_, ok := index.OwnerOfTokenSecret(s)
			return ok
		}),
	})
	if err != nil {
		return nil, fmt.Errorf("index Secrets: %w", err)
	}
	indexers, err := namespaced.Indexers(informer)
	if err != nil {
		return nil, fmt.Errorf("index Secrets: %w", err)
	}
	return &secretIndex{indexers: indexers}, nil
}

func byPolicy(wanted func(*corev1.Secret) bool) toolscache.IndexFunc {
	return func(o any) ([]string, error) {
		secret, ok := o.(*corev1.Secret)
		if !ok {
			return nil, fmt.Errorf("%T is no Secret", o)
		}
		if !wanted(secret) {
			return nil, nil
		}
		return []string{secret.Namespace + "/" + secret.Labels[v1alpha1.LabelPolicy]}, nil
	}
}

// isCredential tells whether a Secret is the hash of an ApiToken's credential.
func isCredential(secret *corev1.Secret) bool {
	return secret.Type == v1alpha1.SecretTypeTokenHash && secret.Labels[v1alpha1.LabelTokenUID] != ""
}

// credentials returns a Secret (namespace/name) for each ApiToken that has a credential, in no order. One that is being
// replaced may have two; they are named <uid of the ApiToken>-<number>.
func (i *secretIndex) credentials(policy types.NamespacedName) ([]string, error) {
	var keys []string
	for _, indexer := range i.indexers {
		found, err := indexer.IndexKeys(credentialsByPolicy, policy.String())
		if err != nil {
			return nil, fmt.Errorf("look up the credentials of TokenPolicy %s: %w", policy, err)
		}
		keys = append(keys, found...)
	}
	tokens := make(map[string]struct{}, len(keys))
	return slices.DeleteFunc(keys, func(key string) bool {
		token := key[:strings.LastIndexByte(key, '-')+1]
		_, again := tokens[token]
		tokens[token] = struct{}{}
		return again
	}), nil
}

// tokenOf names the ApiToken of a credential, or else the credential.
func (i *secretIndex) tokenOf(credential string) string {
	for _, indexer := range i.indexers {
		found, _, err := indexer.GetByKey(credential)
		secret, ok := found.(*corev1.Secret)
		if err != nil || !ok {
			continue
		}
		if decoded, err := grant.Decode(secret.Data[grant.DataKey]); err == nil {
			return decoded.Token.Namespace + "/" + decoded.Token.Name
		}
	}
	return credential
}

// ownerTokens returns the Secrets with the owners' Jira tokens for a policy, as the cache has them.
func (i *secretIndex) ownerTokens(policy types.NamespacedName) ([]*corev1.Secret, error) {
	var secrets []*corev1.Secret
	for _, indexer := range i.indexers {
		found, err := indexer.ByIndex(ownerTokensByPolicy, policy.String())
		if err != nil {
			return nil, fmt.Errorf("look up the owners' Jira tokens of TokenPolicy %s: %w", policy, err)
		}
		for _, o := range found {
			if secret, ok := o.(*corev1.Secret); ok {
				secrets = append(secrets, secret)
			}
		}
	}
	return secrets, nil
}
