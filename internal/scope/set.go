// SPDX-License-Identifier: Apache-2.0

// Package scope knows the operations of Jira's REST API and the scope that each needs. Of the REST modules that Jira and
// its apps have, a list of known ones is open to the scopes read and write and to parts of them, such as write:comment;
// all others need admin.
package scope

import (
	"fmt"
	"math/bits"
	"strings"
)

// setWords times 64 is how many scopes there can be.
const setWords = 4

// Set is a set of scopes, as they were granted or are needed. What a scope covers beside itself is for Contains to say;
// the number of a scope is never written anywhere.
type Set [setWords]uint64

// The coarse scopes. They do not imply each other; each covers the finer ones of its kind.
var (
	// Read is for the known REST modules, and attachments, avatars and views. It covers read:<resource>.
	Read = one(numberRead)
	// Write is for changes through the known REST modules. It covers write:<resource> and delete:<resource>.
	Write = one(numberWrite)
	// Admin is for administration, and for the REST modules of all other apps, whatever the method. It covers
	// admin:<resource>.
	Admin = one(numberAdmin)
)

func one(number int) Set {
	var s Set
	s[number/64] = 1 << (number % 64)
	return s
}

// Parse makes a set of scope names. It fails on a name it does not know: a newer manager's scope must never be taken
// for one that this program knows.
func Parse(list []string) (Set, error) {
	var s Set
	for _, name := range list {
		number, ok := numbers[name]
		if !ok {
			return Set{}, unknownScope(name)
		}
		s = s.With(one(number))
	}
	return s, nil
}

func unknownScope(name string) error {
	action, resource, fine := strings.Cut(name, ":")
	if fine && actionsOf(resource) != "" {
		return fmt.Errorf("unknown scope %q: %q is no action of %s; there are %s", name, action, resource, actionsOf(resource))
	}
	return fmt.Errorf("unknown scope %q: known are read, write, admin and <action>:<resource> such as write:comment "+
		"(kubectl apitoken scopes lists them)", name)
}

// Contains tells whether s covers every scope of other.
func (s Set) Contains(other Set) bool { return s.Lacks(other).IsEmpty() }

// Lacks returns the scopes of other that s does not cover.
func (s Set) Lacks(other Set) Set {
	for i := range other {
		other[i] &^= s[i]
	}
	if other.IsEmpty() {
		return other
	}
	for _, coarse := range [...]int{numberRead, numberWrite, numberAdmin} {
		if s[0]&(1<<coarse) != 0 {
			for i := range other {
				other[i] &^= covered[coarse][i]
			}
		}
	}
	return other
}

// With is the union of two sets.
func (s Set) With(other Set) Set {
	for i := range s {
		s[i] |= other[i]
	}
	return s
}

// IsEmpty tells whether there is no scope in s.
func (s Set) IsEmpty() bool { return s == Set{} }

// Names lists the scopes, in a fixed order.
func (s Set) Names() []string {
	var list []string
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			list = append(list, names[i*64+bits.TrailingZeros64(word)])
		}
	}
	return list
}

// String lists the scopes, separated by commas.
func (s Set) String() string { return strings.Join(s.Names(), ",") }

// Coarse are those of read, write and admin that cover one of the scopes in s.
func (s Set) Coarse() Set {
	var out Set
	for _, coarse := range [...]Set{Read, Write, Admin} {
		if coarse.Lacks(s) != s {
			out = out.With(coarse)
		}
	}
	return out
}
