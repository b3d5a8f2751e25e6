// SPDX-License-Identifier: Apache-2.0

package token

import (
	"crypto/sha256"
	"strings"
)

const (
	// derivedPrefix begins the ids that are derived from a hash. No token's own id has a '-' in it.
	derivedPrefix = "own-"
	// derivedDomain keeps the ids apart from every other use of a hash.
	derivedDomain = "jiratokens.io credential id\x00"
)

// DerivedID names a credential of which only the hash is known, because its token was made elsewhere. It has 12
// characters as a token's own id, can't be mistaken for one, is the same for the same hash, and says nothing about it: it
// is made of the SHA-256 of the hash, 47 bits of it.
func (h Hash) DerivedID() string {
	sum := sha256.Sum256(append([]byte(derivedDomain), h[:]...))
	id := []byte(derivedPrefix)
	for _, b := range sum[:idLength-len(derivedPrefix)] {
		id = append(id, alphabet[int(b)%len(alphabet)]) // a name need not be uniform
	}
	return string(id)
}

// IsID tells whether a text has the form of a credential's id: 12 base62 characters, or derived from a hash.
func IsID(text string) bool {
	return len(text) == idLength && isBase62(strings.TrimPrefix(text, derivedPrefix))
}

// IsDerivedID tells whether the id of a credential was derived from its hash.
func IsDerivedID(id string) bool { return strings.HasPrefix(id, derivedPrefix) }
