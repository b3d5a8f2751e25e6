// SPDX-License-Identifier: Apache-2.0

package policysecret

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// keyDigest is no key that a Secret can have.
const keyDigest = "sha256(data)"

// KeepOnly replaces a Secret's data by the values of some keys and the digest of all, for the cache.
func KeepOnly(secret *corev1.Secret, kept map[string][]byte) {
	data := map[string][]byte{keyDigest: DataDigest(secret)}
	maps.Copy(data, kept)
	secret.Data = data
}

// DataDigest is the SHA-256 of a Secret's data, also of one of which the cache keeps no more than that: it tells whether
// what is in it has changed.
func DataDigest(secret *corev1.Secret) []byte {
	if digest, ok := secret.Data[keyDigest]; ok { // an object may pass through the cache's transformation twice
		return digest
	}
	h := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(secret.Data)) {
		fmt.Fprintf(h, "%q=%x\n", key, secret.Data[key])
	}
	return h.Sum(nil)
}
