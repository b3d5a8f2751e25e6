// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"maps"
	"slices"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// Account is a user as Jira names one. Without a key: Jira has no user of that name.
type Account struct {
	Name   string
	Key    string
	Active bool
}

// Reading is what Jira said at one time. What it said nothing of stays as it was.
type Reading struct {
	// At is when Jira was asked, before the first answer.
	At time.Time
	// Groups are the groups that were read, by name in any case: all who are in them, inactive users as well.
	Groups map[string][]Account
	// Missing are the groups that Jira does not have.
	Missing []string
	// Users are those who were looked up one by one.
	Users []Account
}

// Merge makes the Snapshot that comes after a Reading. It applies the losses that are due, too: also an empty Reading of
// a later time may change something.
func (s *Snapshot) Merge(r *Reading, hold Hold) *Snapshot {
	at := r.At.UTC().Truncate(time.Second)
	next := s.clone()
	for _, name := range slices.Sorted(maps.Keys(r.Groups)) { // in order, should two groups contradict each other
		accounts := r.Groups[name]
		said := &Group{Name: name, Members: make(map[string]bool, len(accounts)), SyncedAt: at}
		for _, a := range accounts {
			next.see(a, at)
			if a.Active {
				said.Members[grant.FoldUser(a.Name)] = true
			}
		}
		next.Groups[grant.FoldUser(name)] = s.Group(name).after(said)
	}
	for _, name := range r.Missing {
		said := &Group{Name: name, Members: map[string]bool{}, SyncedAt: at, Missing: true}
		next.Groups[grant.FoldUser(name)] = s.Group(name).after(said)
	}
	for _, a := range r.Users {
		next.see(a, at)
	}
	for name, g := range next.Groups {
		next.Groups[name] = g.settled(at, hold)
	}
	return next
}

// Keep leaves out what is of no more use: groups that are not wanted, and users who are neither wanted nor in a group that
// is, by what Jira said last: it no longer confirms those whose loss is held.
func (s *Snapshot) Keep(wantedGroup, wantedUser func(folded string) bool) *Snapshot {
	next := &Snapshot{Groups: map[string]*Group{}, Users: map[string]*User{}}
	if s == nil {
		return next
	}
	members := map[string]bool{}
	for name, g := range s.Groups {
		if !wantedGroup(name) {
			continue
		}
		next.Groups[name] = g
		if g.Held != nil {
			maps.Copy(members, g.Held.Members)
		} else {
			maps.Copy(members, g.Members)
		}
	}
	for name, u := range s.Users {
		if members[name] || wantedUser(name) {
			next.Users[name] = u
		}
	}
	return next
}

// clone has maps of its own, and the same groups and users.
func (s *Snapshot) clone() *Snapshot {
	next := &Snapshot{Groups: map[string]*Group{}, Users: map[string]*User{}}
	if s != nil {
		maps.Copy(next.Groups, s.Groups)
		maps.Copy(next.Users, s.Users)
	}
	return next
}

// see takes in what Jira said of a user.
func (s *Snapshot) see(a Account, at time.Time) {
	name := grant.FoldUser(a.Name)
	s.Users[name] = s.Users[name].after(a, at)
}

// after is the user once Jira has said something of it. A key that the name had before is remembered, until the name has
// that key again: the name may have been given to somebody else.
func (u *User) after(a Account, at time.Time) *User {
	next := &User{Name: a.Name, Key: a.Key, Active: a.Active && a.Key != "", CheckedAt: at}
	if u == nil {
		return next
	}
	next.FormerKey = u.FormerKey
	if u.Key != "" && u.Key != a.Key {
		next.FormerKey = u.Key
	}
	if next.FormerKey == next.Key {
		next.FormerKey = ""
	}
	return next
}
