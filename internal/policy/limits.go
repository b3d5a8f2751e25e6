// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"net/netip"
	"regexp"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// limits are those of one rule.
type limits struct {
	scopes                   scope.Set
	minLifetime, maxLifetime time.Duration // 0: none
	mustExpire               bool
	maxCredentialAge         time.Duration    // 0: any
	sourceRanges             []netip.Prefix   // none: any
	rateLimit                *grant.RateLimit // nil: any
	maxTokensPerOwner        int              // 0: any number
	description              *regexp.Regexp   // nil: any
	descriptionPattern       string           // as declared
	secretLabels             keyPatterns
	secretAnnotations        keyPatterns
	tokenHash                bool // allowed
	headersRequired          bool
}

// compileLimits fails with the name of a field first.
func compileLimits(l *v1alpha1.Limits) (limits, error) {
	out := limits{
		mustExpire: l.MustExpire, descriptionPattern: l.DescriptionPattern,
		secretLabels: compileKeyPatterns(l.SecretLabels), secretAnnotations: compileKeyPatterns(l.SecretAnnotations),
		tokenHash: l.TokenHash, headersRequired: l.HeadersRequired,
	}
	if l.MaxTokensPerOwner != nil {
		out.maxTokensPerOwner = int(*l.MaxTokensPerOwner)
	}
	var err error
	if out.scopes, err = ParseScopes(l.Scopes); err != nil {
		return limits{}, fmt.Errorf("scopes: %w", err)
	}
	if out.minLifetime, err = parseLifetime(l.MinLifetime); err != nil {
		return limits{}, fmt.Errorf("minLifetime: %w", err)
	}
	if out.maxLifetime, err = parseLifetime(l.MaxLifetime); err != nil {
		return limits{}, fmt.Errorf("maxLifetime: %w", err)
	}
	if l.MaxCredentialAge != "" {
		if out.maxCredentialAge, err = l.MaxCredentialAge.Duration(); err != nil {
			return limits{}, fmt.Errorf("maxCredentialAge: %w", err)
		}
	}
	if out.sourceRanges, err = ParseRanges(l.SourceRanges); err != nil {
		return limits{}, fmt.Errorf("sourceRanges: %w", err)
	}
	if out.rateLimit, err = ParseRateLimit(l.RateLimit); err != nil {
		return limits{}, fmt.Errorf("rateLimit: %w", err)
	}
	if out.description, err = compileDescription(l.DescriptionPattern); err != nil {
		return limits{}, fmt.Errorf("descriptionPattern: %w", err)
	}
	return out, nil
}

// check looks at all limits but maxTokensPerOwner.
func (l *limits) check(r *Request, f *findings) {
	l.checkScopes(r, f)
	l.checkLifetime(r, f)
	l.checkRanges(r, f)
	l.checkHeaders(r, f)
	l.checkRateLimit(r, f)
	l.checkDescription(r, f)
	l.checkSecretMetadata(r, f)
	l.checkTokenHash(r, f)
	l.checkCredentialAge(r, f)
}

func (l *limits) checkScopes(r *Request, f *findings) {
	if beyond := l.scopes.Lacks(r.Scopes); !beyond.IsEmpty() {
		f.refuse("scope %s is beyond its limit (%s): take it out of spec.scopes", beyond, l.scopes)
	}
}
