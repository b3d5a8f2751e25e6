// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"iter"
	"net/netip"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// Request is what an ApiToken asks for, where, and who asks.
type Request struct {
	Namespace       string
	NamespaceLabels map[string]string
	Name            string
	Owner           string
	Description     string
	Scopes          scope.Set
	SourceRanges    []netip.Prefix
	Headers         []grant.HeaderPattern
	// RateLimit is the token's own or the policy's default; nil: none.
	RateLimit *grant.RateLimit
	// SecretLabels and SecretAnnotations are the keys that the token wants on its Secret.
	SecretLabels, SecretAnnotations []string
	// TokenHash: the token was made elsewhere, and its hash is declared.
	TokenHash bool
	// DeclaredAt is when the expiry was declared: lifetimes count from it.
	DeclaredAt time.Time
	// IssuedAt is when the token's credential was made, or its hash accepted; the zero time: it has none yet.
	IssuedAt time.Time
	// HashEnded: an earlier value of the policy's revokeIssuedBefore has ended the declared hash.
	HashEnded bool
	// ExpiresAt is when the token expires; nil: never.
	ExpiresAt *time.Time
	// Requester is who declared it; nil: not known.
	Requester *grant.Requester
	// OwnerKey is the Jira key that the owner's name meant before; empty: it was never looked up.
	OwnerKey string
	// Now is the time of the evaluation: what was read of Jira counts for a while only.
	Now time.Time
	// Live: the token has a credential that is not blocked.
	Live bool
	// Older are the other tokens of the same owner and policy that were declared before, the oldest first; nil: there are
	// none. They are read only as far as a rule asks.
	Older iter.Seq[*Request]
	// Holding are the younger ones that have a live credential, if this token has none itself; nil: there are none.
	Holding iter.Seq[*Request]
}

// Verdict is the outcome of an evaluation.
type Verdict int

// The verdicts.
const (
	// Permitted: at least one rule permits all of the request.
	Permitted Verdict = iota + 1
	// NotPermitted: no rule permits it.
	NotPermitted
	// Denied: the deny list names it.
	Denied
	// HashTooOld: it was made elsewhere, and issued before the policy's revokeIssuedBefore, as that is or was.
	HashTooOld
	// NamespaceNotAllowed: the policy takes no tokens from the namespace.
	NamespaceNotAllowed
	// RequesterUnknown: no rule permits it as long as it is not known who declared it.
	RequesterUnknown
	// DirectoryPending: no rule permits it as long as Jira has not said what its groups and owner are.
	DirectoryPending
	// PlacePending: no rule permits it as long as a younger token of the same owner is not blocked, whose place it takes.
	PlacePending
	// OwnerNotFound: a rule permits it, but Jira has no such user.
	OwnerNotFound
	// OwnerInactive: a rule permits it, but the user is not active in Jira.
	OwnerInactive
	// OwnerChanged: a rule permits it, but the name means another Jira user than before.
	OwnerChanged
)

// Decision is a verdict with its reasons.
type Decision struct {
	Verdict Verdict
	// Rule is a rule that permits the request: of those that need no approval, or else of all, the one that lets a credential
	// become oldest, and the first of these by its name.
	Rule string
	// NeedsApproval: only rules that ask for approval permit it.
	NeedsApproval bool
	// MaxCredentialAge is the age at which Rule wants a credential replaced that the operator makes, and refuses one that was
	// made elsewhere; 0: never.
	MaxCredentialAge time.Duration
	// Unread: DirectoryPending, and Jira was never asked about any of it, as just after a policy began to ask.
	Unread bool
	// OwnerKey is the Jira key of the owner, to be remembered; empty: not known.
	OwnerKey string
	// Message says why, and what would have to change, for a person who does not know the policy.
	Message string
}

// Answer is what one rule says.
type Answer int

// The answers.
const (
	// Yes: the rule permits the request.
	Yes Answer = iota + 1
	// No: it does not.
	No
	// Unknown: it depends on what is not known yet.
	Unknown
)

// RuleAnswer is what one rule says of a request, and why.
type RuleAnswer struct {
	Rule          string
	Answer        Answer
	NeedsApproval bool
	// Reasons say what stands in the way; none for Yes.
	Reasons []string
}
