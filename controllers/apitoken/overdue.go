// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"time"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// tooOld is what the holder of a credential is told that is older than the policy allows and could not be replaced.
const tooOld = "the credential is older than the policy's limits.maxCredentialAge, and the token's Secret could not be written"

// revoked tells whether the policy has ended a credential by the time of its issue.
func (r *rotation) revoked(c *grant.Credential) bool { return c.IssuedAt.Before(r.revokedBefore) }

// overdue tells whether a credential is older than it would be at the end of its overlap, had it been replaced at the age that
// the policy allows.
func (r *rotation) overdue(c *grant.Credential, now time.Time) bool {
	return r.maxAge > 0 && !now.Before(c.IssuedAt.Add(r.maxAge+r.overlap))
}

// stale tells whether a credential became overdue while it was not accepted, such as by a token that was suspended for long. It
// is not accepted again. One that works goes on for its overlap, however late that begins: a limit that was just added, or a
// manager that was away, is no reason to refuse workloads.
func (r *rotation) stale(c *grant.Credential, now time.Time) bool {
	return c.State == grant.Blocked && r.overdue(c, now)
}

// ended tells whether a credential is replaced without an overlap.
func (r *rotation) ended(c *grant.Credential, now time.Time) bool {
	return r.revoked(c) || r.stale(c, now)
}
