// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Permission is what a user may do; combine with |.
type Permission uint8

// The permissions this Jira knows.
const (
	Browse Permission = 1 << iota // see issues, comments and attachments of projects that are not public
	Edit                          // create, change and delete them (implies nothing else)
	Admin                         // administer Jira: users, groups, apps, webhooks, reindex
)

// User is an account. Names are compared case-folded everywhere, as in Jira; Key is what stays when a user is renamed.
type User struct {
	Name        string // required
	Key         string // empty: "JIRAUSER" and a number
	Password    string // empty: no password logs this user in
	DisplayName string // empty: Name
	Email       string // empty: Name@example.com
	Groups      []string
	Projects    []string // keys of the projects that Permissions hold for; empty: all
	Permissions Permission
	Inactive    bool // may not log in
}

// AddUser adds a user or replaces the one of that name. It panics on an empty name.
func (s *Server) AddUser(u User) {
	if u.Name == "" {
		panic("jiratest: a user needs a name")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.Key == "" {
		u.Key = fmt.Sprintf("JIRAUSER%d", s.nextID())
	}
	if u.DisplayName == "" {
		u.DisplayName = u.Name
	}
	if u.Email == "" {
		u.Email = u.Name + "@example.com"
	}
	u.Groups, u.Projects = slices.Clone(u.Groups), slices.Clone(u.Projects)
	for _, g := range u.Groups {
		s.ensureGroup(g)
	}
	s.users[fold(u.Name)] = &u
}

// UpdateUser changes a user in place: rename, deactivate, take permissions. It reports whether there is one of that
// name. Sessions and tokens of a renamed user go on working: they hang on the key.
func (s *Server) UpdateUser(name string, change func(*User)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[fold(name)]
	if u == nil {
		return false
	}
	changed := *u
	change(&changed)
	delete(s.users, fold(name))
	s.users[fold(changed.Name)] = &changed
	return true
}

// RemoveUser deletes a user; its tokens and sessions stop working.
func (s *Server) RemoveUser(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.users, fold(name))
}

func (s *Server) userByKey(key string) *User {
	for _, u := range s.users {
		if u.Key == key {
			return u
		}
	}
	return nil
}

// loginUser is the active user of that name, or nil.
func (s *Server) loginUser(name string) *User {
	if u := s.users[fold(name)]; u != nil && !u.Inactive {
		return u
	}
	return nil
}

func (s *Server) sortedUsers() []*User {
	out := make([]*User, 0, len(s.users))
	for _, name := range slices.Sorted(maps.Keys(s.users)) {
		out = append(out, s.users[name])
	}
	return out
}

func fold(name string) string { return strings.ToLower(name) }

// can reports whether u (nil: anonymous) has the permission in the project (nil: globally).
func (u *User) can(p Permission, in *Project) bool {
	if p == Browse && in != nil && in.Public {
		return true
	}
	if u == nil || u.Permissions&p != p {
		return false
	}
	return in == nil || len(u.Projects) == 0 || slices.Contains(u.Projects, in.Key)
}
