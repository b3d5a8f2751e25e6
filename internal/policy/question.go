// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// question is a request with what all rules ask of it, worked out once.
type question struct {
	*Request

	policy *Policy
	owner  string // folded
	// jiraName is the requester's, folded; empty: they have none, for a reason.
	jiraName, nameless string
}

func (p *Policy) ask(r *Request) *question {
	q := &question{Request: r, policy: p, owner: grant.FoldUser(r.Owner)}
	if r.Requester != nil {
		q.jiraName, q.nameless = p.requesters.jiraName(r.Requester.User)
	}
	return q
}

// as puts the question for another token of the same owner, as it would be judged now.
func (q *question) as(other *Request) *question {
	now := *other
	now.Now = q.Now
	return q.policy.ask(&now)
}
