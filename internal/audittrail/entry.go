// SPDX-License-Identifier: Apache-2.0

// Package audittrail keeps a record, for those who look into something later, of what the manager was asked and what it
// decided and did: one line of JSON for each. docs/audit.md describes every field.
//
// What changes nothing writes no line. A line comes before what would keep it from coming again, such as the status that
// tells of the same, so that a kill in between repeats it rather than loses it.
package audittrail

import (
	"regexp"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/jsonline"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// Event is what a line tells of.
type Event string

// The events.
const (
	// Declared: somebody declared an ApiToken, or changed what it asks for.
	Declared Event = "declared"
	// Approval: somebody decided on an ApiToken by a TokenApproval.
	Approval Event = "approval"
	// Decision: what becomes of an ApiToken changed, or the rule, credential or approval that it rests on.
	Decision Event = "decision"
	// Credential: a credential was issued, replaced or accepted.
	Credential Event = "credential"
	// Revoked: the credentials of an ApiToken ended for good.
	Revoked Event = "revoked"
	// Policy: a TokenPolicy was declared or changed.
	Policy Event = "policy"
	// PolicyDeleted: a TokenPolicy is gone, with its gateway.
	PolicyDeleted Event = "policy-deleted"
	// Notice: something else happened to an ApiToken; the reason says what.
	Notice Event = "notice"
)

// Outcomes of decisions, and of requests to declare something.
const (
	OutcomePermitted = "permitted"
	OutcomeRefused   = "refused"
	OutcomeWaiting   = "waiting"
	OutcomeSuspended = "suspended"
	OutcomeExpired   = "expired"
)

// Entry is one line. It holds no token and no hash. Only Event must be set; the texts are bounded and made safe when they
// are recorded.
type Entry struct {
	// Time is when it was recorded; Record sets it.
	Time    string `json:"time"`
	Event   Event  `json:"event"`
	Outcome string `json:"outcome,omitempty"`
	Reason  string `json:"reason,omitempty"`
	// Was is the reason before.
	Was string `json:"was,omitempty"`

	// APIToken is namespace/name.
	APIToken   string `json:"apiToken,omitempty"`
	UID        string `json:"uid,omitempty"`
	Generation int64  `json:"generation,omitempty"`
	// Policy is namespace/name.
	Policy string `json:"policy,omitempty"`
	Owner  string `json:"owner,omitempty"`
	Rule   string `json:"rule,omitempty"`

	// TokenID is the credential's, Ended are those that end with it.
	TokenID string   `json:"tokenID,omitempty"`
	Ended   []string `json:"ended,omitempty"`
	// Blocked: the token has a credential that is refused from now on.
	Blocked bool `json:"blocked,omitempty"`

	// User is who asked; Operation is create or update.
	User      string `json:"user,omitempty"`
	Operation string `json:"operation,omitempty"`
	// RequestedBy and ApprovedBy are whom a decision rests on.
	RequestedBy string `json:"requestedBy,omitempty"`
	ApprovedBy  string `json:"approvedBy,omitempty"`
	// GrantDigest is of what the token may do; ApprovalName is the TokenApproval's.
	GrantDigest  string `json:"grantDigest,omitempty"`
	ApprovalName string `json:"approval,omitempty"`
	// ExpiresAt is the token's, in RFC 3339.
	ExpiresAt string `json:"expiresAt,omitempty"`

	// SpecDigest is of a policy's spec; FieldManager is who changed it last, as far as Kubernetes says.
	SpecDigest   string `json:"specDigest,omitempty"`
	FieldManager string `json:"fieldManager,omitempty"`

	Message string `json:"message,omitempty"`
}

const (
	maxText    = 256
	maxMessage = 1024
	maxEnded   = 16

	timeFormat = "2006-01-02T15:04:05.000Z07:00"
)

// Users and whoever approves may write anything into names and reasons, also what they should not.
var (
	tokenPattern = regexp.MustCompile(token.Prefix + `([0-9A-Za-z]{1,12})[0-9A-Za-z_]*`)
	hashPattern  = regexp.MustCompile(`[0-9A-Fa-f]{64,}`)
)

func redacted(text string) string {
	text = tokenPattern.ReplaceAllString(text, token.Prefix+"${1}_[redacted]")
	return hashPattern.ReplaceAllString(text, "[redacted]")
}

// encode makes the line, with its end.
func (e Entry) encode(now time.Time) ([]byte, error) {
	e.Time = now.UTC().Format(timeFormat)
	for _, text := range []*string{
		&e.Outcome, &e.Reason, &e.Was, &e.APIToken, &e.UID, &e.Policy, &e.Owner, &e.Rule, &e.TokenID, &e.User, &e.Operation,
		&e.RequestedBy, &e.ApprovedBy, &e.ApprovalName, &e.ExpiresAt, &e.FieldManager,
	} {
		*text = jsonline.Bounded(redacted(*text), maxText)
	}
	e.Event = Event(jsonline.Bounded(string(e.Event), maxText))
	e.GrantDigest, e.SpecDigest = jsonline.Bounded(e.GrantDigest, maxText), jsonline.Bounded(e.SpecDigest, maxText)
	e.Message = jsonline.Bounded(redacted(e.Message), maxMessage)
	ended := make([]string, 0, min(len(e.Ended), maxEnded))
	for _, id := range e.Ended[:min(len(e.Ended), maxEnded)] {
		ended = append(ended, jsonline.Bounded(redacted(id), maxText))
	}
	e.Ended = ended
	line, err := jsonline.Marshal(e)
	return append(line, '\n'), err
}
