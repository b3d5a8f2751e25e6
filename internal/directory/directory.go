// SPDX-License-Identifier: Apache-2.0

// Package directory is what was read of Jira's groups and users for one TokenPolicy: pure data, how a new answer of
// Jira's is merged into it, and how it is kept in Secrets. Reading Jira is the affair of internal/jira, when to read of
// controllers/directory.
package directory

import (
	"time"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// Snapshot is what is known. It is immutable: a change makes another one. A nil Snapshot knows nothing.
type Snapshot struct {
	// Groups by their folded names.
	Groups map[string]*Group
	// Users by their folded names: those that were looked up, or found in a group.
	Users map[string]*User
}

// Group is one group of Jira's.
type Group struct {
	Name string
	// Members are the folded names of its active users, those of sub-groups included.
	Members map[string]bool
	// SyncedAt is when Jira last confirmed the group (also that it does not exist); zero: never.
	SyncedAt time.Time
	// Missing: Jira has no such group.
	Missing bool
	// Held is a loss of more than half of the members that is not applied yet; nil: none.
	Held *Loss
}

// Loss is what Jira said of a group that suddenly lost more than half of its members.
type Loss struct {
	// Since is when Jira first said so.
	Since time.Time
	// Members are those that would be left.
	Members map[string]bool
	// Missing: the group itself is gone.
	Missing bool
}

// User is what Jira said of a user name.
type User struct {
	Name string
	// Key is what stays when a user is renamed; empty: Jira has no user of this name.
	Key string
	// Active: the user may log in.
	Active bool
	// FormerKey is the key that the name had before Jira had no user of it, or another one; empty: none is known.
	FormerKey string
	// CheckedAt is when Jira last confirmed it.
	CheckedAt time.Time
}

// Group finds a group; nil: it was never read.
func (s *Snapshot) Group(name string) *Group {
	if s == nil {
		return nil
	}
	return s.Groups[grant.FoldUser(name)]
}

// User finds a user; nil: Jira was never asked.
func (s *Snapshot) User(name string) *User {
	if s == nil {
		return nil
	}
	return s.Users[grant.FoldUser(name)]
}
