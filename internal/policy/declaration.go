// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// NewRequest turns what an ApiToken declares into a request, with the policy's defaults (nil: it has none) for what it
// leaves out. declaredAt is when its expiry fields were last changed. An error names the field of the ApiToken, or of
// the policy, that can't be used; then nothing may be granted.
//
// The caller adds what only it knows: Requester, OwnerKey, IssuedAt, Now and Older, and another ExpiresAt where the token
// keeps an earlier default.
func NewRequest(
	token *v1alpha1.ApiToken, namespaceLabels map[string]string, defaults *v1alpha1.TokenDefaults, declaredAt time.Time,
) (*Request, error) {
	spec := &token.Spec
	r := &Request{
		Namespace: token.Namespace, NamespaceLabels: namespaceLabels, Name: token.Name, Owner: string(spec.Owner),
		Description: spec.Description, DeclaredAt: declaredAt, TokenHash: spec.TokenHash != "",
	}
	var err error
	if r.ExpiresAt, err = Expiry(spec, defaults, declaredAt); err != nil {
		return nil, err
	}
	if err = grant.CheckUserName(r.Owner); err != nil {
		return nil, fmt.Errorf("spec.owner: %w", err)
	}
	if r.Scopes, err = ParseScopes(spec.Scopes); err != nil {
		return nil, fmt.Errorf("spec.scopes: %w", err)
	}
	if r.SourceRanges, err = ParseRanges(spec.SourceRanges); err != nil {
		return nil, fmt.Errorf("spec.sourceRanges: %w", err)
	}
	if r.Headers, err = ParseHeaders(spec.Headers); err != nil {
		return nil, fmt.Errorf("spec.headers: %w", err)
	}
	if r.RateLimit, err = rateLimit(spec, defaults); err != nil {
		return nil, err
	}
	if spec.Secret != nil {
		r.SecretLabels = slices.Sorted(maps.Keys(spec.Secret.Labels))
		r.SecretAnnotations = slices.Sorted(maps.Keys(spec.Secret.Annotations))
	}
	return r, nil
}

// rateLimit is the token's own or the policy's default.
func rateLimit(spec *v1alpha1.ApiTokenSpec, defaults *v1alpha1.TokenDefaults) (*grant.RateLimit, error) {
	source, field := spec.RateLimit, "spec.rateLimit"
	if source == nil && defaults != nil {
		source, field = defaults.RateLimit, "the policy's spec.defaults.rateLimit"
	}
	limit, err := ParseRateLimit(source)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	return limit, nil
}

// Grant is what the token may do if the request is permitted.
func (r *Request) Grant() grant.Grant {
	return grant.Grant{
		Owner: r.Owner, Scopes: r.Scopes.Names(), SourceRanges: r.SourceRanges, Headers: r.Headers, RateLimit: r.RateLimit,
	}
}
