// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"slices"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// claim is what a token asks for.
type claim struct {
	Request policy.Request
	Grant   grant.Grant
	// hash of the token, which was made elsewhere; nil: the operator makes it.
	hash *token.Hash
	// declaredExpiry is what the expiry fields say, since Request.DeclaredAt.
	declaredExpiry string
	rotation       declaredRotation
}

// claim reads what the token declares. After an error, only when that was is in it.
func (s *situation) claim() (claim, error) {
	var c claim
	c.Request.DeclaredAt, c.declaredExpiry = declaration(s)
	var defaults *v1alpha1.TokenDefaults
	if s.policy != nil {
		defaults = s.policy.Spec.Defaults
	}
	var err error
	if c.hash, err = declaredHash(&s.token.Spec); err != nil {
		return c, err
	}
	if c.rotation, err = parseRotation(&s.token.Spec); err != nil {
		return c, err
	}
	request, err := policy.NewRequest(s.token, s.namespace.Labels, defaults, c.Request.DeclaredAt)
	if err != nil {
		return c, err
	}
	if kept, ok := keptExpiry(s, c.declaredExpiry); ok {
		request.ExpiresAt = kept
	}
	request.Now = s.now
	if c.hash != nil {
		if accepted, ok := slotOf(s.slots, *c.hash); ok {
			request.IssuedAt = accepted.credential.IssuedAt
		}
		request.HashEnded = slices.Contains(s.endedHashes(), c.hash.DerivedID())
	}
	if s.requester != nil {
		request.Requester = &s.requester.Requester
	}
	request.OwnerKey = notesOf(s.slots).OwnerKey
	if s.siblings != nil {
		request.Older, request.Holding = s.siblings.older, s.siblings.holding
	}
	c.Request, c.Grant = *request, request.Grant()
	return c, nil
}
