// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"net/netip"
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/show"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// Check looks at what the API server's schema would refuse. name is how a flag or field is called.
func Check(spec *v1alpha1.ApiTokenSpec, name func(flag, field string) string, now time.Time) error {
	if err := grant.CheckUserName(string(spec.Owner)); err != nil || strings.ContainsAny(string(spec.Owner), ":<>&") {
		return usage.Errorf("%s is %q; a Jira user name is needed, such as alice or alice@corp.example: no colon, <, >, & or control "+
			"character, no space at its ends", name("owner", "owner"), spec.Owner)
	}
	switch scopes, err := policy.ParseScopes(spec.Scopes); {
	case err != nil:
		return usage.Errorf("%s: %w", name("scopes", "scopes"), err)
	case scopes.IsEmpty():
		return usage.Errorf("%s is %q; one or more are needed, such as read or write:comment (kubectl apitoken scopes lists them)",
			name("scopes", "scopes"), spec.Scopes)
	}
	for _, r := range spec.SourceRanges {
		if p, err := netip.ParsePrefix(string(r)); err != nil || p != p.Masked() {
			return usage.Errorf("%s: %q must be an address range in CIDR notation that begins with its first address, such as "+
				"203.0.113.0/24, or 203.0.113.7/32 for a single address", name("source-ranges", "sourceRanges"), r)
		}
	}
	if _, err := policy.ParseHeaders(spec.Headers); err != nil {
		return usage.Errorf("%s: %w", name("header", "headers"), err)
	}
	if _, err := policy.ParseRateLimit(spec.RateLimit); err != nil {
		return usage.Errorf("%s: %w", name("rate-limit", "rateLimit"), err)
	}
	return checkExpiry(spec, name, now)
}

// maxLifetime is what the API server takes at most.
const maxLifetime = 87600 * time.Hour

func checkExpiry(spec *v1alpha1.ApiTokenSpec, name func(flag, field string) string, now time.Time) error {
	lifetime, expiresAt := name("lifetime", "lifetime"), name("expires-at", "expiresAt")
	if spec.ExpiresAt != nil {
		switch {
		case spec.Lifetime != "":
			return usage.Errorf("%s and %s can't go together: set one of them", lifetime, expiresAt)
		case !spec.ExpiresAt.After(now):
			return usage.Errorf("%s is %s, which has passed: a later time is needed", expiresAt, show.Time(spec.ExpiresAt))
		}
		return nil
	}
	if spec.Lifetime == "" {
		return nil
	}
	if d, err := spec.Lifetime.Duration(); err != nil || d < time.Second || d > maxLifetime {
		return usage.Errorf("%s is %q; hours, minutes or seconds from 1s to 87600h (ten years) are needed, such as 720h for 30 days",
			lifetime, spec.Lifetime)
	}
	return nil
}
