// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// Digest identifies what a token may do and until when: sha256: and 64 hexadecimal digits. The order of lists and the
// case of the owner do not matter.
func Digest(g *Grant, expiresAt *time.Time) (string, error) {
	ordered := *g
	ordered.Owner = FoldUser(g.Owner)
	ordered.Scopes = slices.Sorted(slices.Values(g.Scopes))
	ordered.SourceRanges = slices.SortedFunc(slices.Values(g.SourceRanges), netip.Prefix.Compare)
	ordered.Headers = slices.SortedFunc(slices.Values(g.Headers), HeaderPattern.Compare)
	if expiresAt != nil {
		utc := expiresAt.UTC()
		expiresAt = &utc
	}
	encoded, err := json.Marshal(struct {
		Grant     Grant      `json:"grant"`
		ExpiresAt *time.Time `json:"expiresAt,omitempty"`
	}{ordered, expiresAt})
	if err != nil {
		return "", fmt.Errorf("encode grant: %w", err)
	}
	sum := sha256.Sum256(encoded)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// Within tells whether a grant lets its holder do no more, and no longer, than another.
func (g *Grant) Within(expiresAt *time.Time, other *Grant, otherExpiresAt *time.Time) bool {
	return SameUser(g.Owner, other.Owner) && g.scopesWithin(other) && g.rangesWithin(other) && g.rateWithin(other) &&
		g.headersWithin(other) &&
		(otherExpiresAt == nil || (expiresAt != nil && !expiresAt.After(*otherExpiresAt)))
}

func (g *Grant) scopesWithin(other *Grant) bool {
	narrow, err := scope.Parse(g.Scopes)
	wide, otherErr := scope.Parse(other.Scopes)
	return err == nil && otherErr == nil && wide.Contains(narrow)
}

func (g *Grant) rangesWithin(other *Grant) bool {
	if len(other.SourceRanges) == 0 {
		return true
	}
	return len(g.SourceRanges) > 0 && !slices.ContainsFunc(g.SourceRanges, func(p netip.Prefix) bool {
		return !WithinRanges(p, other.SourceRanges)
	})
}

func (g *Grant) rateWithin(other *Grant) bool {
	return other.RateLimit == nil || (g.RateLimit != nil && g.RateLimit.Within(*other.RateLimit))
}

// WithinRanges tells whether all of a range lies within one of others. IPv4 ranges mapped to IPv6 are the IPv4 ranges
// that they are for the gateway.
func WithinRanges(p netip.Prefix, others []netip.Prefix) bool {
	p = unmapped(p)
	return slices.ContainsFunc(others, func(o netip.Prefix) bool {
		o = unmapped(o)
		return o.Bits() <= p.Bits() && o.Contains(p.Addr())
	})
}
