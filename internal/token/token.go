// SPDX-License-Identifier: Apache-2.0

// Package token makes and recognises the project's tokens, jat_<id>_<secret><crc>.
//
// The id (12 base62 characters) names the credential for logs and people. The secret is 32 base62 characters, 190 bits
// from the system's random source. The checksum (6 base62 characters, CRC-32/IEEE of all before it) refuses a truncated
// or mistyped token without a look-up, and lets a secret scanner do with a pattern.
package token

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

const (
	// Prefix begins every token of ours. Whatever begins so is ours, however malformed, and never sent to Jira.
	Prefix = "jat_"

	// Pattern is a regular expression (RE2) for secret scanners.
	Pattern = `jat_[0-9A-Za-z]{12}_[0-9A-Za-z]{38}`

	// Length is the number of bytes of a token.
	Length = len(Prefix) + idLength + 1 + secretLength + checksumLength

	idLength       = 12
	secretLength   = 32
	checksumLength = 6
)

// Errors of Parse. They say what is wrong with a token without repeating any of it.
var (
	// ErrForeign: the value does not begin with Prefix, so it is no token of ours.
	ErrForeign = errors.New("not a token of this gateway: it does not begin with " + Prefix)
	// ErrLength: the token was cut short or something was added to it.
	ErrLength = fmt.Errorf("token has the wrong length: %d characters are needed; was it cut, or a quote or line end added?",
		Length)
	// ErrCharacters: the token has a character that no token has.
	ErrCharacters = errors.New("token has a character that no token has: only letters, digits and two '_'")
	// ErrChecksum: a character of the token was changed.
	ErrChecksum = errors.New("token's checksum does not match: a character was lost or mistyped")
)

// Token is a plaintext token. Printing, logging or marshalling it shows its id only.
type Token struct{ plaintext string }

// Generate makes a token from the given random source, which must be cryptographically secure (crypto/rand.Reader).
func Generate(random io.Reader) (Token, error) {
	chars, err := randomBase62(random, idLength+secretLength)
	if err != nil {
		return Token{}, fmt.Errorf("read random source: %w", err)
	}
	body := Prefix + chars[:idLength] + "_" + chars[idLength:]
	return Token{plaintext: body + checksum(body)}, nil
}

// Parse checks the form and the checksum of a token. It can't know whether the token was ever issued.
// Its errors are ErrForeign, ErrLength, ErrCharacters and ErrChecksum.
func Parse(s string) (Token, error) {
	if !IsOurs(s) {
		return Token{}, ErrForeign
	}
	if len(s) != Length {
		return Token{}, ErrLength
	}
	rest := s[len(Prefix):]
	if rest[idLength] != '_' || !isBase62(rest[:idLength]) || !isBase62(rest[idLength+1:]) {
		return Token{}, ErrCharacters
	}
	body := s[:Length-checksumLength]
	if s[len(body):] != checksum(body) {
		return Token{}, ErrChecksum
	}
	return Token{plaintext: s}, nil
}

// IsOurs tells whether a value is, or was meant to be, a token of ours.
func IsOurs(s string) bool { return strings.HasPrefix(s, Prefix) }

// ID is the public part of the token.
func (t Token) ID() string {
	if t.plaintext == "" {
		return ""
	}
	return t.plaintext[len(Prefix) : len(Prefix)+idLength]
}

// Reveal returns the token itself: for the Secret that workloads mount, and for nothing else.
func (t Token) Reveal() string { return t.plaintext }

// Hash returns the SHA-256 hash of the whole token.
func (t Token) Hash() Hash { return HashOf(t.plaintext) }

// String shows the id and hides the secret.
func (t Token) String() string { return Prefix + t.ID() + "_[redacted]" }

// GoString is String, for %#v.
func (t Token) GoString() string { return t.String() }

// MarshalText is String, for JSON and structured logs.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

func checksum(body string) string {
	return encodeBase62(crc32.ChecksumIEEE([]byte(body)), checksumLength)
}
