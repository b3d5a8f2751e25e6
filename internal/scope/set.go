// SPDX-License-Identifier: Apache-2.0

// Package scope knows the operations of Jira's REST API and the scope that each needs. Of the REST modules that Jira and
// its apps have, a list of known ones is open to the scopes read and write; all others need admin.
package scope

import (
	"fmt"
	"strings"
)

// Set is a set of scopes.
type Set uint8

// The scopes. They do not imply each other.
const (
	// Read is for the known REST modules, and attachments, avatars and views.
	Read Set = 1 << iota
	// Write is for changes through the known REST modules.
	Write
	// Admin is for administration, and for the REST modules of all other apps, whatever the method.
	Admin
)

var names = map[string]Set{"read": Read, "write": Write, "admin": Admin}

// Parse makes a set of scope names. It fails on a name it does not know: a newer manager's scope must never be taken
// for one that this program knows.
func Parse(list []string) (Set, error) {
	var s Set
	for _, name := range list {
		one, ok := names[name]
		if !ok {
			return 0, fmt.Errorf("unknown scope %q: known are read, write and admin", name)
		}
		s |= one
	}
	return s, nil
}

// Contains tells whether every scope of other is in s.
func (s Set) Contains(other Set) bool { return s&other == other }

// Names lists the scopes, in a fixed order.
func (s Set) Names() []string {
	var list []string
	for _, name := range []string{"read", "write", "admin"} {
		if s.Contains(names[name]) {
			list = append(list, name)
		}
	}
	return list
}

// String lists the scopes, separated by commas.
func (s Set) String() string { return strings.Join(s.Names(), ",") }
