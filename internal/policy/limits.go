// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// exceeded lists the limits of the rule that a request does not keep to.
func (r *rule) exceeded(req *Request) []string {
	var reasons []string
	if !r.scopes.Contains(req.Scopes) {
		reasons = append(reasons, fmt.Sprintf("scope %s is beyond its limit (%s)", req.Scopes&^r.scopes, r.scopes))
	}
	if why := r.lifetimeExceeded(req); why != "" {
		reasons = append(reasons, why)
	}
	return append(reasons, r.rangesExceeded(req)...)
}

func (r *rule) lifetimeExceeded(req *Request) string {
	switch {
	case r.maxLifetime == 0:
		return ""
	case req.ExpiresAt == nil:
		return fmt.Sprintf("the token must expire: set spec.lifetime to at most %s", formatDuration(r.maxLifetime))
	case req.ExpiresAt.Sub(req.DeclaredAt) > r.maxLifetime:
		return fmt.Sprintf("the token expires %s after its declaration, its limit is %s",
			formatDuration(req.ExpiresAt.Sub(req.DeclaredAt)), formatDuration(r.maxLifetime))
	}
	return ""
}

func (r *rule) rangesExceeded(req *Request) []string {
	if len(r.sourceRanges) == 0 {
		return nil
	}
	if len(req.SourceRanges) == 0 {
		return []string{"the token must declare spec.sourceRanges within " + joinRanges(r.sourceRanges)}
	}
	var reasons []string
	for _, wanted := range req.SourceRanges {
		if !within(wanted, r.sourceRanges) {
			reasons = append(reasons, fmt.Sprintf("source range %s is not within %s", wanted, joinRanges(r.sourceRanges)))
		}
	}
	return reasons
}

func within(wanted netip.Prefix, limits []netip.Prefix) bool {
	for _, limit := range limits {
		if limit.Bits() <= wanted.Bits() && limit.Contains(wanted.Addr()) {
			return true
		}
	}
	return false
}

// Expiry says when a token expires, given when its expiry fields were declared; nil: never. defaults may be nil.
func Expiry(spec *v1alpha1.ApiTokenSpec, defaults *v1alpha1.TokenDefaults, declaredAt time.Time) (*time.Time, error) {
	lifetime := spec.Lifetime
	switch {
	case spec.ExpiresAt != nil:
		t := spec.ExpiresAt.UTC()
		return &t, nil
	case lifetime == "" && defaults != nil:
		lifetime = defaults.Lifetime
	}
	if lifetime == "" {
		return nil, nil //nolint:nilnil // no expiry is a result, not an error
	}
	d, err := lifetime.Duration()
	if err != nil {
		return nil, fmt.Errorf("lifetime: %w", err)
	}
	t := declaredAt.Add(d).UTC()
	return &t, nil
}

// ParseScopes turns the API's scopes into a set.
func ParseScopes(list []v1alpha1.Scope) (scope.Set, error) {
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = string(s)
	}
	return scope.Parse(names)
}

// ParseRanges turns the API's address ranges into prefixes.
func ParseRanges(list []v1alpha1.CIDR) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range list {
		p, err := netip.ParsePrefix(string(s))
		if err != nil {
			return nil, fmt.Errorf("%q is no address range in CIDR notation", s)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

func joinRanges(list []netip.Prefix) string {
	parts := make([]string, len(list))
	for i, p := range list {
		parts[i] = p.String()
	}
	return strings.Join(parts, ", ")
}

// formatDuration writes a duration as the API takes it: 720h rather than 720h0m0s.
func formatDuration(d time.Duration) string {
	s := d.Round(time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
