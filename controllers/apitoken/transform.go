// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"bytes"
	"crypto/sha256"

	corev1 "k8s.io/api/core/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// Keys of a digested Secret, which only the cache holds.
const (
	digestToken    = "sha256(token)"
	digestPassword = "sha256(password)"
	digestRest     = "sha256(rest)"
)

// maxCachedAnnotations bounds, in bytes, what the cache keeps of a token Secret's annotations. Anybody may give Secrets of
// their namespace the labels of one.
const maxCachedAnnotations = 32 << 10

func annotationSize(annotations map[string]string) (size int) {
	for key, value := range annotations {
		size += len(key) + len(value)
	}
	return size
}

// TransformSecret is for the manager's cache: it replaces the values of a token Secret by digests, so that the manager's
// memory holds no plaintext but while it makes a token, and little at 100,000 of them. Comparing is all that the cache
// is used for; what is written comes from a live read.
func TransformSecret(in any) (any, error) {
	secret, ok := in.(*corev1.Secret)
	if !ok || secret.Labels[v1alpha1.LabelTokenUID] == "" || secret.Type == v1alpha1.SecretTypeTokenHash {
		return in, nil
	}
	if size := annotationSize(secret.Annotations); size > maxCachedAnnotations {
		secret.Annotations = nil // the comparison fails, and the Secret is read live
	}
	if _, done := secret.Data[digestRest]; !done { // an object may pass here twice
		secret.Data = digested(secret.Data)
	}
	return in, nil
}

// digested is what the cache keeps of a token Secret's data.
func digested(data map[string][]byte) map[string][]byte {
	rest := sha256.New()
	for _, key := range []string{keyUsername, keyURI, keyHost, keyType, keyProvider} {
		_, _ = rest.Write(append([]byte(key+"\x00"), data[key]...)) // never fails
		_, _ = rest.Write([]byte{0})
	}
	tokenHash, passwordHash := token.HashOf(string(data[keyToken])), token.HashOf(string(data[keyPassword]))
	return map[string][]byte{digestToken: tokenHash[:], digestPassword: passwordHash[:], digestRest: rest.Sum(nil)}
}

// cachedInOrder tells whether a Secret, as the cache has it, holds the token of the slot and all that goes with it.
func cachedInOrder(secret *corev1.Secret, s *slot, t *v1alpha1.ApiToken, publicURL string) bool {
	hash := s.credential.Hash
	want := digested(tokenSecretData("", t, publicURL))
	return holds(secret, hash) && bytes.Equal(secret.Data[digestPassword], hash[:]) &&
		bytes.Equal(secret.Data[digestRest], want[digestRest]) && wantedMetadata(t, s).on(secret)
}

// holds tells whether a Secret, as the cache has it, holds the token of the hash.
func holds(secret *corev1.Secret, hash token.Hash) bool {
	return bytes.Equal(secret.Data[digestToken], hash[:])
}
