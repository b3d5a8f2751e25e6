// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/directory"
)

// checkOwner turns a permission into another decision if Jira does not confirm that the owner is an active user, and
// still the one whom the name meant before.
func (p *Policy) checkOwner(r *Request, permitted Decision) Decision {
	if p.jira == nil {
		return permitted
	}
	user := p.jira.snapshot.User(r.Owner)
	switch {
	case user == nil:
		return p.ownerPending(r.Owner, time.Time{})
	case !p.jira.counts(user.CheckedAt, r.Now):
		return p.ownerPending(r.Owner, user.CheckedAt)
	case user.Key == "":
		return ownerMissing(r, user)
	case r.OwnerKey != "" && r.OwnerKey != user.Key:
		return Decision{Verdict: OwnerChanged, Message: bounded(fmt.Sprintf("Jira gave the name %q to another user (key %q) than "+
			"the one whom this token was for (key %q), and the token does not pass to them: delete this ApiToken; declare a new "+
			"one if the present user is to have it", r.Owner, user.Key, r.OwnerKey))}
	case !user.Active:
		return Decision{Verdict: OwnerInactive, Message: bounded(fmt.Sprintf("the owner %q is not active in Jira: a Jira "+
			"administrator has to activate that user again; the token then works by itself", r.Owner))}
	}
	permitted.OwnerKey = user.Key
	return permitted
}

func (p *Policy) ownerPending(owner string, said time.Time) Decision {
	message := fmt.Sprintf("a rule of policy %s permits this token, but %s%s",
		p, p.jira.staleness(fmt.Sprintf("the owner %q", owner), said), waitForJira)
	return Decision{Verdict: DirectoryPending, Unread: said.IsZero(), Message: bounded(message)}
}

// ownerMissing: a name that once was a user's is not taken for a mistake.
func ownerMissing(r *Request, user *directory.User) Decision {
	if r.OwnerKey != "" || user.FormerKey != "" {
		return Decision{Verdict: OwnerChanged, Message: bounded(fmt.Sprintf("Jira has no user %[1]q any more: that user was renamed "+
			"or deleted in Jira. If renamed, delete this ApiToken and declare a new one with the new name in spec.owner; if "+
			"deleted, delete this ApiToken", r.Owner))}
	}
	return Decision{Verdict: OwnerNotFound, Message: bounded(fmt.Sprintf("Jira has no user %q: if the name is wrong, delete this "+
		"ApiToken and declare a new one with the right name in spec.owner; else have a Jira administrator create the user, and "+
		"the token works by itself", r.Owner))}
}
