// SPDX-License-Identifier: Apache-2.0

package token

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Hash is the SHA-256 hash of a whole token. The secret is uniformly random, so a slow password hash would buy nothing.
type Hash [sha256.Size]byte

const hashPrefix = "sha256:"

// HashOf hashes a plaintext token.
func HashOf(plaintext string) Hash { return sha256.Sum256([]byte(plaintext)) }

// ParseHash reads the form that MarshalText writes, sha256:<64 lower-case hexadecimal digits>.
func ParseHash(s string) (Hash, error) {
	var h Hash
	digits, ok := strings.CutPrefix(s, hashPrefix)
	if !ok || len(digits) != hex.EncodedLen(len(h)) || strings.ToLower(digits) != digits {
		return Hash{}, fmt.Errorf("hash must be %s and %d lower-case hexadecimal digits", hashPrefix, hex.EncodedLen(len(h)))
	}
	if _, err := hex.Decode(h[:], []byte(digits)); err != nil {
		return Hash{}, fmt.Errorf("hash must be %s and %d lower-case hexadecimal digits", hashPrefix, hex.EncodedLen(len(h)))
	}
	return h, nil
}

// MarshalText writes sha256:<hex>.
func (h Hash) MarshalText() ([]byte, error) {
	return []byte(hashPrefix + hex.EncodeToString(h[:])), nil
}

// UnmarshalText reads sha256:<hex>.
func (h *Hash) UnmarshalText(text []byte) error {
	parsed, err := ParseHash(string(text))
	if err != nil {
		return err
	}
	*h = parsed
	return nil
}

// String hides the hash: hashes do not belong in logs either.
func (h Hash) String() string { return "[redacted hash]" }

// GoString is String, for %#v.
func (h Hash) GoString() string { return h.String() }
