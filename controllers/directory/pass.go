// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"maps"
	"slices"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// pass is one look at what a policy needs to know of Jira. It is pure: what is due, and what is to be asked.
type pass struct {
	policy   *v1alpha1.TokenPolicy
	settings settings
	state    *state
	now      time.Time
	// source stands for what Jira is read with.
	source string
	// refresh: all is to be read again, and not only what is missing.
	refresh bool
	// broken: what is kept is not what was written.
	broken bool

	groups     []wantedGroup
	groupNames map[string]bool // folded
	candidates *candidates
	owners     map[string]bool // of the policy's tokens, folded
}

// at is the time of the pass as it is kept.
func (w *pass) at() time.Time { return w.now.UTC().Truncate(time.Second) }

// due tells whether there is anything to do by what is known.
func (w *pass) due(known *directory.Snapshot) bool {
	return w.refresh || (!w.state.unkept && (w.broken || w.becameStale() || w.lossIsDue(known) || w.missing(known)))
}

func (w *pass) becameStale() bool {
	return (!w.state.staleAt.IsZero() && w.now.After(w.state.staleAt)) || w.settings.maxStaleness != w.state.maxStaleness
}

func (w *pass) lossIsDue(known *directory.Snapshot) bool {
	if known == nil {
		return false
	}
	for _, g := range known.Groups {
		if g.Held != nil && g.Held.IsDue(g.Name, w.now, w.settings.hold) {
			return true
		}
	}
	return false
}

// missing tells whether something was never read, and was not tried in vain either.
func (w *pass) missing(known *directory.Snapshot) bool {
	return !w.state.stopped && (len(w.groupsToRead(known)) > 0 || len(w.ownersToLookUp(known, nil)) > 0)
}

// groupsToRead are the groups that are to be read.
func (w *pass) groupsToRead(known *directory.Snapshot) []string {
	var names []string
	for _, g := range w.groups {
		tried := w.state.unread[grant.FoldUser(string(g.name))] != nil
		if w.refresh || (known.Group(string(g.name)) == nil && !tried) {
			names = append(names, string(g.name))
		}
	}
	return names
}

// ownersToLookUp are the owners who are to be looked up: whom some rule might permit, or of whom Jira spoke before. Those
// who were in a group that was just read need no look-up, and those who are in one that could not be read have to wait
// for it.
func (w *pass) ownersToLookUp(known *directory.Snapshot, unread map[string]error) []string {
	var names []string
	if !w.refresh {
		unread = merged(unread, w.state.unread)
	}
	for _, name := range slices.Sorted(maps.Keys(w.owners)) {
		u := known.User(name)
		seen := u != nil || w.state.unseen[name] != nil
		if w.refresh {
			seen = u != nil && u.CheckedAt.Equal(w.at())
		}
		if !seen && (u != nil || w.candidates.includes(name, known)) && !isMember(known, name, unread) {
			names = append(names, name)
		}
	}
	return names
}

func merged(a, b map[string]error) map[string]error {
	both := maps.Clone(b)
	maps.Copy(both, a)
	return both
}

func isMember(known *directory.Snapshot, user string, groups map[string]error) bool {
	for name := range groups {
		if g := known.Group(name); g != nil && g.Members[user] {
			return true
		}
	}
	return false
}

// keep leaves out groups that the policy does not name, and users who own none of its tokens and are in none of its groups.
func (w *pass) keep(s *directory.Snapshot) *directory.Snapshot {
	return s.Keep(
		func(group string) bool { return w.groupNames[group] },
		func(user string) bool { return w.owners[user] },
	)
}

// nextLook is when there is something to do by itself.
func (w *pass) nextLook(known *directory.Snapshot, refresh time.Time) time.Time {
	next := refresh
	if w.state.unkept {
		return next
	}
	if due := known.LossDueAt(w.settings.hold); !due.IsZero() && due.Before(next) {
		next = due
	}
	if stale := w.state.staleAt.Add(time.Second); !w.state.staleAt.IsZero() && stale.Before(next) {
		next = stale
	}
	return next
}

// ownersOf are the owners of the tokens that refer to a policy, folded.
func ownersOf(p *v1alpha1.TokenPolicy, tokens []v1alpha1.ApiToken) map[string]bool {
	owners := map[string]bool{}
	for i := range tokens {
		spec := &tokens[i].Spec
		if spec.PolicyRef.Name == p.Name && grant.CheckUserName(string(spec.Owner)) == nil {
			owners[grant.FoldUser(string(spec.Owner))] = true
		}
	}
	return owners
}
