// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"strings"
)

// findings are what the checks of one rule find in the way of a request.
type findings struct {
	// misplaced: the rule is for other namespaces or owners. refused: it is for this one, and something else stands in
	// the way.
	misplaced, refused []string
	// pending: what is not so yet stands in the way; it is that the requester is known, what Jira says, or a place.
	pending                               []string
	needsRequester, needsJira, needsPlace bool
	// stale: Jira has said something of it before.
	stale bool
}

func (f *findings) misplace(format string, args ...any) {
	f.misplaced = append(f.misplaced, fmt.Sprintf(format, args...))
}

func (f *findings) refuse(format string, args ...any) {
	f.refused = append(f.refused, fmt.Sprintf(format, args...))
}

func (f *findings) awaitRequester(why string) {
	f.pending, f.needsRequester = append(f.pending, why), true
}

func (f *findings) awaitJira(doubtful []*group) {
	for _, g := range doubtful {
		f.pending, f.needsJira = append(f.pending, g.doubt()), true
		f.stale = f.stale || g.read != nil
	}
}

func (f *findings) awaitPlace() {
	f.pending, f.needsPlace = append(f.pending, "a younger token of the owner has the place that this one is to take: it "+
		"is blocked first. If nothing changes within a minute, delete one of the two"), true
}

// answer: what is refused for any reason is refused, whatever else becomes known.
func (f *findings) answer() Answer {
	switch {
	case len(f.misplaced) > 0 || len(f.refused) > 0:
		return No
	case len(f.pending) > 0:
		return Unknown
	}
	return Yes
}

// reasons are those that count for the answer.
func (f *findings) reasons() []string {
	if f.answer() == No {
		return append(append([]string(nil), f.misplaced...), f.refused...)
	}
	return f.pending
}

// nearest are the reasons to tell whoever declared the token: of a rule that is for others, that it is.
func (f *findings) nearest() string {
	if len(f.misplaced) > 0 {
		return strings.Join(f.misplaced, "; ")
	}
	return strings.Join(f.reasons(), "; ")
}
