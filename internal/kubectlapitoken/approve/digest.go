// SPDX-License-Identifier: Apache-2.0

package approve

import (
	"fmt"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// checkDigest makes sure that the digest, on which a decision is made, is that of what is shown to whoever decides:
// another may have written the status, or a newer operator may know of more that a token may do.
func checkDigest(token *v1alpha1.ApiToken) error {
	shown, expiresAt, err := shownGrant(token)
	if err != nil {
		return fmt.Errorf("status.grant of ApiToken %s/%s can't be used: %w", token.Namespace, token.Name, err)
	}
	digest, err := grant.Digest(shown, expiresAt)
	if err != nil {
		return err
	}
	if digest != string(token.Status.Grant.Digest) {
		return fmt.Errorf("status.grant of ApiToken %s/%s says that the token may do one thing, and its digest stands for another: "+
			"decide only when you know who wrote that status; the operator never does, unless it is newer than this plugin",
			token.Namespace, token.Name)
	}
	return nil
}

func shownGrant(token *v1alpha1.ApiToken) (shown *grant.Grant, expiresAt *time.Time, err error) {
	status := &token.Status
	shown = &grant.Grant{Owner: string(token.Spec.Owner)}
	scopes, err := policy.ParseScopes(status.Grant.Scopes)
	if err != nil {
		return nil, nil, fmt.Errorf("scopes: %w", err)
	}
	shown.Scopes = scopes.Names()
	if shown.SourceRanges, err = policy.ParseRanges(status.Grant.SourceRanges); err != nil {
		return nil, nil, fmt.Errorf("sourceRanges: %w", err)
	}
	if shown.Headers, err = policy.ParseHeaders(status.Grant.Headers); err != nil {
		return nil, nil, fmt.Errorf("headers: %w", err)
	}
	if shown.RateLimit, err = policy.ParseRateLimit(status.Grant.RateLimit); err != nil {
		return nil, nil, fmt.Errorf("rateLimit: %w", err)
	}
	if status.ExpiresAt != nil {
		expiresAt = &status.ExpiresAt.Time
	}
	return shown, expiresAt, nil
}
