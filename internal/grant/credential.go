// SPDX-License-Identifier: Apache-2.0

// Package grant defines what a hash Secret says: one credential of an ApiToken and what it grants. The manager encodes
// it, the gateway decodes it and keeps it in a flat table.
package grant

import (
	"errors"
	"net/netip"
	"strings"
	"time"
	"unicode"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

// State says whether a credential is accepted.
type State string

// The states. A blocked credential keeps its Secret, so that the same credential works once it is active again.
const (
	Active  State = "active"
	Blocked State = "blocked"
)

// Credential is the content of one hash Secret.
type Credential struct {
	// ID is the public part of the token.
	ID string `json:"id"`
	// Hash is the SHA-256 hash of the whole token.
	Hash token.Hash `json:"hash"`
	// Token is the ApiToken that the credential belongs to.
	Token TokenReference `json:"token"`

	// IssuedAt is when the credential was made.
	IssuedAt time.Time `json:"issuedAt"`
	// DeclaredAt is when the ApiToken's expiry fields were last changed; lifetimes count from it.
	DeclaredAt time.Time `json:"declaredAt"`
	// DeclaredExpiry is what those fields said then, to notice a change.
	DeclaredExpiry string `json:"declaredExpiry,omitempty"`
	// ExpiresAt ends the grant; nil: it does not expire.
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
	// RetireAt ends this credential, because another one took its place; nil: it is the current one.
	RetireAt *time.Time `json:"retireAt,omitempty"`

	// State says whether the credential is accepted.
	State State `json:"state"`
	// BlockedReason tells the holder of a blocked token why, such as "the token is suspended".
	BlockedReason string `json:"blockedReason,omitempty"`

	// Grant is what the credential may do.
	Grant Grant `json:"grant"`
}

// TokenReference names an ApiToken.
type TokenReference struct {
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	UID       types.UID `json:"uid"`
}

// String is namespace/name.
func (r TokenReference) String() string { return r.Namespace + "/" + r.Name }

// Grant is what a token may do, compiled: it refers to nothing.
type Grant struct {
	// Owner is the Jira user name that requests act as.
	Owner string `json:"owner"`
	// Scopes are the names of the scopes.
	Scopes []string `json:"scopes"`
	// SourceRanges are the addresses that requests may come from; none: any.
	SourceRanges []netip.Prefix `json:"sourceRanges,omitempty"`
	// Headers are what headers of each request must be like; none: anything.
	Headers []HeaderPattern `json:"headers,omitempty"`
	// RateLimit bounds the requests; nil: none.
	RateLimit *RateLimit `json:"rateLimit,omitempty"`
}

// dottedCapitalI is U+0130. For Java it is a small i and a dot above (U+0307) in lower case, for Go a plain i.
// Letters that Go and Java put into lower case differently: the capital sigma becomes another letter at a word's end in Java.
const (
	dottedCapitalI = '\u0130'
	capitalSigma   = '\u03a3'
)

// FoldUser gives the form in which Jira user and group names are compared. Jira itself lower-cases names, in Java.
func FoldUser(name string) string {
	if strings.ContainsRune(name, dottedCapitalI) {
		name = strings.ReplaceAll(name, string(dottedCapitalI), "i\u0307")
	}
	return strings.ToLower(name)
}

// SameUser tells whether two Jira user names mean the same user.
func SameUser(a, b string) bool { return FoldUser(a) == FoldUser(b) }

// CheckUserName refuses names that could become another user's on the way to Jira: what is cut off, and the letters
// that Go and Java put into lower case differently.
func CheckUserName(name string) error {
	forbidden := func(r rune) bool { return unicode.IsControl(r) || r == dottedCapitalI || r == capitalSigma }
	if name == "" || strings.TrimSpace(name) != name || strings.ContainsFunc(name, forbidden) {
		return errors.New("a user name can't be empty, have white space at an end, or have a control character, " +
			"İ (U+0130) or Σ (U+03A3) in it")
	}
	return nil
}
