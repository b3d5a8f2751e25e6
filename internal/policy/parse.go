// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

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

// ParseRateLimit turns the API's rate limit (nil: none) into the grant's.
func ParseRateLimit(l *v1alpha1.RateLimit) (*grant.RateLimit, error) {
	if l == nil {
		return nil, nil //nolint:nilnil // no limit is a result, not an error
	}
	period, err := l.Period.Duration()
	if err != nil || period <= 0 {
		return nil, fmt.Errorf("period: %q must be hours, minutes or seconds from 1s to 24h, such as 1m", l.Period)
	}
	limit := &grant.RateLimit{Requests: l.Requests, Period: period, Burst: l.Requests}
	if l.Burst != nil {
		limit.Burst = *l.Burst
	}
	if l.Concurrent != nil {
		if limit.Concurrent = *l.Concurrent; limit.Concurrent < 1 {
			return nil, errors.New("concurrent must be at least 1; leave it out for any number")
		}
	}
	if limit.Requests < 1 || limit.Burst < 1 {
		return nil, errors.New("requests and burst must be at least 1")
	}
	return limit, nil
}
