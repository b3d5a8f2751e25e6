// SPDX-License-Identifier: Apache-2.0

package scope

import "strings"

// restrictions are the rules that ease nothing, as a tree. It finds every rule that applies, doubts included, and keeps
// the first of each list: so a rule is never hidden by another.
type restrictions struct {
	root restrictNode
}

type restrictNode struct {
	pattern  segmentPattern
	first    byte // of the pattern, in lower case
	children []restrictNode
	rules    []*restriction // that end here
}

// restriction is a rule with its place in its list.
type restriction struct {
	*rule
	never bool
	place int
}

// restricted is what restrictions found.
type restricted struct{ never, admin *restriction }

func newRestrictions(never, admin []rule) *restrictions {
	r := new(restrictions)
	for i := range never {
		r.root.add(never[i].segments, &restriction{&never[i], true, i})
	}
	for i := range admin {
		r.root.add(admin[i].segments, &restriction{&admin[i], false, i})
	}
	return r
}

func (n *restrictNode) add(path []segmentPattern, r *restriction) {
	if len(path) == 0 {
		n.rules = append(n.rules, r)
		return
	}
	for i := range n.children {
		if n.children[i].pattern == path[0] {
			n.children[i].add(path[1:], r)
			return
		}
	}
	child := restrictNode{pattern: path[0]}
	if path[0].text != "" {
		child.first = lower(path[0].text[0])
	}
	child.add(path[1:], r)
	n.children = append(n.children, child)
}

func (r *restrictions) find(reads bool, segments []string) (out restricted) {
	r.root.collect(reads, segments, &out)
	return out
}

func (n *restrictNode) collect(reads bool, rest []string, out *restricted) {
	for _, r := range n.rules {
		if len(rest) > 0 && !r.below || r.changesOnly && reads {
			continue
		}
		best := &out.admin
		if r.never {
			best = &out.never
		}
		if *best == nil || r.place < (*best).place {
			*best = r
		}
	}
	if len(rest) == 0 {
		return
	}
	for i := range n.children {
		if child := &n.children[i]; child.meets(rest[0], len(rest) == 1) {
			child.collect(reads, rest[1:], out)
		}
	}
}

// meets compares without regard to case, with and without what may be cut off. Length and first byte settle most
// segments: no letter is shorter than the ASCII letter that it is equal to but for its case. One outside of ASCII may be
// equal to an ASCII letter as well (U+212A is a k).
func (n *restrictNode) meets(segment string, last bool) bool {
	text := n.pattern.text
	switch {
	case text == "" && n.pattern.prefix:
		return true
	case len(segment) < len(text), segment[0] < 0x80 && lower(segment[0]) != n.first:
		return false
	case n.pattern.matchesFold(segment):
		return true
	case last && strings.IndexByte(segment, '.') >= 0:
		return n.pattern.matchesFoldBefore(segment, ";.")
	}
	return strings.IndexByte(segment, ';') >= 0 && n.pattern.matchesFoldBefore(segment, ";")
}

func lower(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}
