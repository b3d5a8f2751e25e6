// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// Approval is one TokenApproval of an ApiToken, for the very UID of it.
type Approval struct {
	Name     string
	Decision v1alpha1.ApprovalDecision
	// Digest is that of the grant that was decided on.
	Digest string
	// Approver is who decided; nil: its stamp is missing or not valid.
	Approver *grant.Requester
	// Reason is what the approver gave; empty: nothing.
	Reason string
}

// ApprovalCase is a permitted token that needs an approval, with those that were given.
type ApprovalCase struct {
	Token grant.TokenReference
	// Rule is the name of the rule that asks for it.
	Rule string
	// Grant is what the token may do now, until ExpiresAt (nil: for ever); Digest is grant.Digest of both.
	Grant     grant.Grant
	ExpiresAt *time.Time
	Digest    string
	// Remembered is what was last approved; nil: nothing was.
	Remembered *grant.Approved
	// Requester is who declared the token; nil: not known.
	Requester *grant.Requester
	// Approvals of the token, in any order.
	Approvals []Approval
}

// ApprovalState says how a case stands.
type ApprovalState int

// The states.
const (
	// ApprovalGiven: somebody else has approved it.
	ApprovalGiven ApprovalState = iota + 1
	// ApprovalMissing: nobody else has yet.
	ApprovalMissing
	// ApprovalDenied: somebody has denied it.
	ApprovalDenied
)

// ApprovalResult is the state of a case with its reasons.
type ApprovalResult struct {
	State ApprovalState
	// Name is the TokenApproval that decided it, By the Kubernetes user who made that; empty: none did, or it is not known.
	Name, By string
	// Digest is that of the grant that was approved: of the present one, which is then to be remembered, or of the
	// remembered one, which stays; empty unless given.
	Digest string
	// Message says why, and what would have to be done, for a person who does not know the policy.
	Message string
}

// Approval decides on a case. An approval counts for what was approved, and for what was approved last if the token may
// do no more than that now; it has to come from somebody else than who declared the token. A denial counts whoever made
// it, also if that is not known: losing a stamp must not let a token work.
func (p *Policy) Approval(c *ApprovalCase) ApprovalResult {
	approvals := slices.Clone(c.Approvals)
	slices.SortFunc(approvals, func(a, b Approval) int { return strings.Compare(a.Name, b.Name) })
	for i := range approvals {
		if approvals[i].Decision != v1alpha1.DecisionApprove && c.concerns(&approvals[i]) {
			return c.denied(&approvals[i])
		}
	}
	if c.Requester == nil {
		return ApprovalResult{State: ApprovalMissing, Message: tail(fmt.Sprintf("rule %s of policy %s asks for an approval by "+
			"somebody else than who declared the token, which is not known", c.Rule, p), stampRemedy(c.Token.Namespace, c.Token.Name))}
	}
	var given *Approval
	for i := range approvals {
		a := &approvals[i]
		if p.objection(c, a) == "" && (given == nil || (given.Digest != c.Digest && a.Digest == c.Digest)) {
			given = a
		}
	}
	if given == nil {
		return p.missing(c, approvals)
	}
	return ApprovalResult{State: ApprovalGiven, Name: given.Name, By: given.Approver.User, Digest: given.Digest, Message: bounded(
		fmt.Sprintf("approved by %q (TokenApproval %s)", given.Approver.User, given.Name))}
}

// concerns tells whether a decision was about what the token may do now, or about more. Once anything was denied, only an
// approval of just what it may do now counts: or a denial could be evaded by asking for a hair less.
func (c *ApprovalCase) concerns(a *Approval) bool {
	deniedOnce := slices.ContainsFunc(c.Approvals, func(a Approval) bool { return a.Decision == v1alpha1.DecisionDeny })
	if a.Decision == v1alpha1.DecisionApprove && deniedOnce {
		return a.Digest == c.Digest
	}
	return a.Digest == c.Digest || (c.Remembered != nil && a.Digest == c.Remembered.Digest &&
		c.Grant.Within(c.ExpiresAt, &c.Remembered.Grant, c.Remembered.ExpiresAt))
}

func (c *ApprovalCase) denied(a *Approval) ApprovalResult {
	by, who := "", "somebody whose stamp is not valid"
	if a.Approver != nil {
		by, who = a.Approver.User, strconv.Quote(a.Approver.User)
	}
	why := ""
	if a.Reason != "" {
		why = ", who says " + quotedReason(a.Reason)
	}
	return ApprovalResult{State: ApprovalDenied, Name: a.Name, By: by, Message: tail(fmt.Sprintf("denied by %s%s", who, why),
		fmt.Sprintf(" (TokenApproval %s): to have the token allowed all the same, ask for that TokenApproval to be deleted and for "+
			"one that approves", a.Name))}
}

// maxReason bounds what is quoted of a reason, in bytes: what to do about it must find its place behind.
const maxReason = 300

// quotedReason is on one line and has no control characters, whatever somebody wrote.
func quotedReason(reason string) string {
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "") + "…"
	}
	return strconv.Quote(reason)
}

// objection says why an approval does not count; empty: it does.
func (p *Policy) objection(c *ApprovalCase, a *Approval) string {
	switch {
	case a.Approver != nil && p.samePerson(a.Approver, c.Requester):
		return fmt.Sprintf("%q made it, who declared the token as %q", a.Approver.User, c.Requester.User)
	case !c.concerns(a):
		return "it is for what the token could do before, or for another expiry"
	case a.Approver == nil:
		return "it has no valid stamp of who made it, and has to be made again while the operator's webhook runs"
	}
	return ""
}

// samePerson compares users by all that is known of them.
func (p *Policy) samePerson(a, b *grant.Requester) bool {
	if a.User == b.User || (a.UID != "" && a.UID == b.UID) {
		return true
	}
	aName, _ := p.requesters.jiraName(a.User)
	bName, _ := p.requesters.jiraName(b.User)
	return aName != "" && aName == bName
}

func (p *Policy) missing(c *ApprovalCase, approvals []Approval) ApprovalResult {
	said := make([]string, 0, len(approvals)+1)
	said = append(said, fmt.Sprintf("rule %s of policy %s asks for an approval by somebody else than %q, who declared the token",
		c.Rule, p, c.Requester.User))
	for i := range approvals {
		said = append(said, fmt.Sprintf("TokenApproval %s does not count: %s", approvals[i].Name, p.objection(c, &approvals[i])))
	}
	todo := fmt.Sprintf(". To approve it: kubectl apitoken approve %s -n %s", c.Token.Name, c.Token.Namespace)
	if c.Token.UID != "" { // it is stored
		todo += fmt.Sprintf("; or create a TokenApproval in namespace %s with decision: Approve, apiToken: "+
			"{namespace: %s, name: %s, uid: %s} and grantDigest: %s", p.namespace, c.Token.Namespace, c.Token.Name, c.Token.UID, c.Digest)
	}
	return ApprovalResult{State: ApprovalMissing, Message: tail(strings.Join(said, "; "), todo)}
}
