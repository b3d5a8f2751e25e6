// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// Grants are the tokens that there are; *grant.Table is one.
type Grants interface {
	Lookup(h token.Hash) (grant.Record, bool)
}

const howToSend = "send an API token as Authorization: Bearer <token>, or as Basic with its owner and the token as password"

// authenticate is the first half of step 6: it finds the grant of a token. Whoever presents a token that hashes to a
// grant has proved to hold it, and reads exactly why it does not work; for all others a token is just not known. The
// result is valid beside a refusal too, if known is true.
func authenticate(
	grants Grants, s *Settings, c *credential, now time.Time,
) (record grant.Record, known bool, refusal *Refusal) {
	switch {
	case c.kind != gatewayToken:
		return record, false, refuse(http.StatusUnauthorized, reasonNoToken, noTokenMessage(c.kind))
	case c.malformed != "":
		return record, false, refuse(http.StatusUnauthorized, reasonMalformed, c.malformed)
	}
	record, known = grants.Lookup(c.token.Hash())
	if !known {
		return record, false, refuse(http.StatusUnauthorized, reasonUnknown, "the token is not known, or was revoked")
	}
	refusal = checkRecord(s, c, &record, now)
	return record, true, refusal
}

func checkRecord(s *Settings, c *credential, record *grant.Record, now time.Time) *Refusal {
	at := now.UnixNano()
	switch {
	case c.withUser && !grant.SameUser(c.user, record.Owner):
		return refuse(http.StatusUnauthorized, reasonOwner, "the user name beside the token is not the token's owner")
	case record.Blocked:
		return refuse(http.StatusUnauthorized, reasonBlocked, "the token is blocked: "+orUnsaid(record.BlockedReason))
	case record.ExpiresAt != 0 && at >= record.ExpiresAt:
		return refuse(http.StatusUnauthorized, reasonExpired, "the token expired at "+instant(record.ExpiresAt))
	case isRetired(record, now):
		return refuse(http.StatusUnauthorized, reasonRetired, "this token was replaced by a newer one and ended at "+
			instant(record.RetireAt)+"; read the Secret again")
	}
	return s.deny.check(record, now)
}

// isRetired tells whether another credential has taken a credential's place.
func isRetired(record *grant.Record, now time.Time) bool {
	return record.RetireAt != 0 && now.UnixNano() >= record.RetireAt
}

func noTokenMessage(kind credentialKind) string {
	if kind == noCredential {
		return howToSend
	}
	return "passwords, sessions and Jira's own tokens are not accepted here; " + howToSend
}

func orUnsaid(reason string) string {
	if reason == "" {
		return "no reason was given"
	}
	return reason
}

func instant(nanoseconds int64) string { return time.Unix(0, nanoseconds).UTC().Format(time.RFC3339) }
