// SPDX-License-Identifier: Apache-2.0

package follow

import (
	"fmt"
	"slices"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/show"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
)

// change is a line: what happened to a token.
type change struct {
	Time      string `json:"time"` // when it was seen, RFC 3339 in UTC
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Owner     string `json:"owner"`
	Policy    string `json:"policy"`
	Event     string `json:"event"`
	Message   string `json:"message"`
}

// The events beside the states of a token, which are events when they begin.
const (
	eventDeclared = "declared"
	eventChanged  = "changed"
	eventIssued   = "issued"
	eventRotated  = "rotated"
	eventRetired  = "retired"
	eventExpiring = "expiring"
	eventUnused   = "unused"
	eventUsed     = "used"
	eventRejected = "requests-refused"
	eventRevoked  = "revoked"
)

var events = []string{
	eventDeclared, eventChanged, eventIssued, eventRotated, eventRetired, eventExpiring, eventUnused, eventUsed, eventRejected,
	eventRevoked, string(tokens.Live), string(tokens.Suspended), string(tokens.Expired), string(tokens.Refused),
	string(tokens.Waiting), string(tokens.Deleting),
}

// recorder collects the changes of one token.
type recorder struct {
	token *v1alpha1.ApiToken
	now   time.Time
	list  []change
}

func (r *recorder) add(event, format string, args ...any) {
	t := r.token
	r.list = append(r.list, change{
		Time: r.now.UTC().Format(time.RFC3339), Namespace: t.Namespace, Name: t.Name, Owner: string(t.Spec.Owner),
		Policy: tokens.PolicyName(t), Event: event, Message: oneline.Printable(fmt.Sprintf(format, args...)),
	})
}

// between says what happened to a token; before is nil for a new one, after for one that is gone.
func between(before, after *v1alpha1.ApiToken, now time.Time) []change {
	switch {
	case after == nil:
		r := &recorder{token: before, now: now}
		r.add(eventRevoked, "the ApiToken and its credentials are gone")
		return r.list
	case before == nil:
		r := &recorder{token: after, now: now}
		by := ""
		if after.Status.RequestedBy != "" {
			by = " by " + after.Status.RequestedBy
		}
		r.add(eventDeclared, "for Jira user %s, with %s, under policy %s%s", after.Spec.Owner,
			show.Joined(after.Spec.Scopes, "nothing"), tokens.PolicyName(after), by)
		r.compare(&v1alpha1.ApiToken{ObjectMeta: after.ObjectMeta})
		return r.list
	case before.UID != after.UID: // deleted and declared again while nobody was looking
		return append(between(before, nil, now), between(nil, after, now)...)
	}
	r := &recorder{token: after, now: now}
	if after.Generation != before.Generation && after.DeletionTimestamp == nil {
		r.add(eventChanged, "its spec was changed (generation %d)", after.Generation)
	}
	r.compare(before)
	return r.list
}

func (r *recorder) compare(before *v1alpha1.ApiToken) {
	r.credentials(before)
	r.state(before)
	for _, c := range []struct{ condition, event string }{
		{v1alpha1.ConditionExpiring, eventExpiring}, {v1alpha1.ConditionUnused, eventUnused},
	} {
		if tokens.Has(r.token, c.condition) && !tokens.Has(before, c.condition) {
			r.add(c.event, "%s", tokens.Condition(r.token, c.condition).Message)
		}
	}
	r.activity(before)
}

func (r *recorder) credentials(before *v1alpha1.ApiToken) {
	was, is := before.Status.Credential, r.token.Status.Credential
	switch {
	case is == nil:
	case was == nil:
		r.add(eventIssued, "credential %s", is.ID)
	case was.ID != is.ID:
		until := "which is not accepted any more"
		for _, retiring := range r.token.Status.Retiring {
			if retiring.ID == was.ID {
				until = "accepted until " + show.Time(&retiring.RetiresAt)
			}
		}
		r.add(eventRotated, "credential %s in place of %s, %s", is.ID, was.ID, until)
	}
	for _, retiring := range before.Status.Retiring {
		gone := func(other v1alpha1.RetiringCredential) bool { return other.ID == retiring.ID }
		if !slices.ContainsFunc(r.token.Status.Retiring, gone) {
			r.add(eventRetired, "credential %s has ended", retiring.ID)
		}
	}
}

// state tells of a state that begins, or of another reason for it.
func (r *recorder) state(before *v1alpha1.ApiToken) {
	was, is := tokens.StateOf(before, r.now), tokens.StateOf(r.token, r.now)
	reasonBefore, _ := tokens.Reason(before)
	reason, message := tokens.Reason(r.token)
	if is == tokens.Deleting {
		if was != is {
			r.add(string(is), "it is being deleted")
		}
		return
	}
	// A reason without a look at the last change is an old one.
	if reason == "" || r.token.Status.ObservedGeneration != r.token.Generation || was == is && reason == reasonBefore {
		return
	}
	r.add(string(is), "%s: %s", reason, message)
}

func (r *recorder) activity(before *v1alpha1.ApiToken) {
	is := r.token.Status.Activity
	if is == nil {
		return
	}
	was := before.Status.Activity
	if was == nil {
		was = &v1alpha1.ActivityStatus{}
	}
	if is.LastUsedAt != nil && !is.LastUsedAt.Equal(was.LastUsedAt) {
		text := "last at " + show.Time(is.LastUsedAt)
		if is.LastAddress != "" {
			text += " from " + is.LastAddress
		}
		if is.LastUserAgent != "" {
			text += " with " + is.LastUserAgent
		}
		if more := is.Requests - was.Requests; more > 0 {
			text += fmt.Sprintf(", %s let through", show.Count(int(more), "request"))
		}
		r.add(eventUsed, "%s", text)
	}
	if more := is.Refused - was.Refused; more > 0 {
		most := ""
		if len(is.Refusals) > 0 {
			most = ", mostly " + is.Refusals[0].Reason
		}
		r.add(eventRejected, "%d more, %d in all%s", more, is.Refused, most)
	}
}
