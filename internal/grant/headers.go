// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"cmp"
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"strings"
)

// HeaderPattern is what one header of each request must be like. In a pattern a * stands for any characters or none.
type HeaderPattern struct {
	Name    string `json:"name"` // in its canonical form
	Pattern string `json:"pattern"`
}

// Compare orders patterns.
func (p HeaderPattern) Compare(other HeaderPattern) int {
	return cmp.Or(cmp.Compare(p.Name, other.Name), cmp.Compare(p.Pattern, other.Pattern))
}

// MaxHeaderPatterns is how many a grant may have.
const MaxHeaderPatterns = 8

// CheckHeaderPatterns refuses what can't be matched, and what the table could not hold.
func CheckHeaderPatterns(list []HeaderPattern) error {
	if len(list) > MaxHeaderPatterns {
		return fmt.Errorf("there are %d header patterns; %d are the most", len(list), MaxHeaderPatterns)
	}
	for _, p := range list {
		if p.Name == "" || p.Name != textproto.CanonicalMIMEHeaderKey(p.Name) || strings.ContainsFunc(p.Name, isNotName) {
			return errors.New("a header pattern's name must be a header's in its canonical form, such as User-Agent")
		}
		if p.Pattern == "" || strings.ContainsFunc(p.Pattern, isNotText) {
			return fmt.Errorf("the pattern for header %s must be printable ASCII, such as Zapier*", p.Name)
		}
	}
	return nil
}

func isNotText(r rune) bool { return r < ' ' || r > '~' }

// isNotName is for a part of what names can have; a colon ends them, here and on the wire.
func isNotName(r rune) bool { return isNotText(r) || r == ':' || r == ' ' }

// HeaderPatterns are those of one grant, as one text of lines "name:pattern": the table has no list to point to.
type HeaderPatterns string

func flattenHeaders(list []HeaderPattern) string {
	var text strings.Builder
	for _, p := range list {
		text.WriteString(p.Name + ":" + p.Pattern + "\n")
	}
	return text.String()
}

func (h HeaderPatterns) next() (first HeaderPattern, rest HeaderPatterns) {
	line, after, _ := strings.Cut(string(h), "\n")
	name, pattern, _ := strings.Cut(line, ":")
	return HeaderPattern{Name: name, Pattern: pattern}, HeaderPatterns(after)
}

func (h HeaderPatterns) all() (list []HeaderPattern) {
	for h != "" {
		var p HeaderPattern
		p, h = h.next()
		list = append(list, p)
	}
	return list
}

// Mismatch names the first header that is not what it must be, or nothing. A header that was sent in several lines must
// match in all of them: Jira might read any.
func (h HeaderPatterns) Mismatch(header map[string][]string) string {
	for h != "" {
		var p HeaderPattern
		p, h = h.next()
		values := header[p.Name]
		if len(values) == 0 {
			return p.Name
		}
		for _, value := range values {
			if !matchWildcards(p.Pattern, value) {
				return p.Name
			}
		}
	}
	return ""
}

// matchWildcards takes each part between two wildcards where it comes first: if the rest fits at all, it fits there.
func matchWildcards(pattern, value string) bool {
	prefix, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == value
	}
	value, ok := strings.CutPrefix(value, prefix)
	for ok {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(value, part)
		}
		_, value, ok = strings.Cut(value, part)
		rest = after
	}
	return false
}

// headersWithin: each pattern is a condition, so a grant with more of them permits less.
func (g *Grant) headersWithin(other *Grant) bool {
	return !slices.ContainsFunc(other.Headers, func(p HeaderPattern) bool { return !slices.Contains(g.Headers, p) })
}
