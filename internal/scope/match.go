// SPDX-License-Identifier: Apache-2.0

package scope

import (
	"net/url"
	"strings"
)

// rule is a line of the catalogue.
type rule struct {
	changesOnly bool // GET, HEAD and OPTIONS are not meant
	segments    []segmentPattern
	below       bool // everything below is meant too
	name        string
}

// segmentPattern is the text that a segment must have, or begin with.
type segmentPattern struct {
	text   string
	prefix bool
}

// always makes a rule for every method. In a pattern `*` is any one segment, `name*` one with that beginning, and `**`
// at the end whatever is below, nothing included.
func always(name, pattern string) rule {
	pattern, below := strings.CutSuffix(pattern, "/**")
	r := rule{below: below, name: name}
	for segment := range strings.SplitSeq(pattern, "/") {
		text, prefix := strings.CutSuffix(segment, "*")
		r.segments = append(r.segments, segmentPattern{text, prefix})
	}
	return r
}

// changing makes a rule for every method but those that only read.
func changing(name, pattern string) rule {
	r := always(name, pattern)
	r.changesOnly = true
	return r
}

// isWebAction finds the suffixes .jsp, .jspa, .jspx and the like, which Jira's servlet mappings take for a page or an
// action of the web interface wherever they stand: what no REST resource takes falls through to them, and the action is
// what follows the last slash. They are refused in every segment and with anything behind them, for a server may cut
// that off.
func isWebAction(segments []string) bool {
	const suffix = ".jsp"
	for _, segment := range segments {
		for i := strings.IndexByte(segment, '.'); i >= 0 && i+len(suffix) <= len(segment); i++ {
			if strings.EqualFold(segment[i:i+len(suffix)], suffix) {
				return true
			}
		}
	}
	return false
}

// exactly tells whether an easing applies.
func (r *rule) exactly(segments []string) bool {
	if !r.fits(segments) {
		return false
	}
	for i := range r.segments {
		if !r.segments[i].matches(segments[i]) {
			return false
		}
	}
	return true
}

func (r *rule) fits(segments []string) bool {
	return len(segments) == len(r.segments) || len(segments) > len(r.segments) && r.below
}

func (p *segmentPattern) matches(segment string) bool {
	return segment == p.text || p.prefix && strings.HasPrefix(segment, p.text)
}

func (p *segmentPattern) matchesFold(segment string) bool {
	if p.prefix && len(segment) > len(p.text) {
		segment = segment[:len(p.text)]
	}
	return strings.EqualFold(p.text, segment)
}

// matchesFoldBefore tries what stands before each of the marks: an extension, or something like a path parameter, may be
// cut off by whoever reads the segment.
func (p *segmentPattern) matchesFoldBefore(segment, marks string) bool {
	for end := strings.IndexAny(segment, marks); end >= 0 && end < len(segment); end++ {
		if strings.IndexByte(marks, segment[end]) >= 0 && p.matchesFold(segment[:end]) {
			return true
		}
	}
	return false
}

// decode undoes the encoding of a parameter's name. What can't be decoded is no parameter for Tomcat.
func decode(name string) string {
	decoded, err := url.QueryUnescape(name)
	if err != nil {
		return ""
	}
	return decoded
}
