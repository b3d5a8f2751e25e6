// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"slices"
	"strings"
	"sync"

	"github.com/jiratokens/jira-token-operator/internal/personaluse"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

const (
	maxFamilyName     = 32
	maxFamilySegments = 6
)

// clientFamily is the name at the beginning of a user agent, without its version.
func clientFamily(agent string) string {
	name, _, _ := strings.Cut(strings.TrimSpace(agent), "/")
	name, _, _ = strings.Cut(name, " ")
	switch {
	case name == "":
		return "none"
	case name == "Mozilla":
		return "browser"
	case !isPlainName(name):
		return personaluse.Other
	}
	return strings.Clone(name) // not to keep the whole head of the request
}

// pathFamily is what kind of path it is, with `*` in place of data: below /rest the words of the catalogue, and the name
// and version of a module; elsewhere what Jira's own pages are called.
func pathFamily(segments []string) string {
	if len(segments) == 0 {
		return "/"
	}
	rest := isRest(segments)
	var family strings.Builder
	for i, segment := range segments[:min(len(segments), maxFamilySegments)] {
		if !rest && i == maxPageSegments {
			break
		}
		family.WriteByte('/')
		if isWord(rest, i, segments) {
			family.WriteString(segment)
		} else {
			family.WriteByte('*')
		}
	}
	return family.String()
}

// maxPageSegments is how much of a page's path is shown.
const maxPageSegments = 3

// pageFolders hold pages and actions of fixed names.
var pageFolders = []string{"secure", "plugins", "servicedesk"}

func isWord(rest bool, i int, segments []string) bool {
	segment := segments[i]
	switch {
	case rest && i == 2:
		return segment == "latest" || isVersion(segment) || catalogueWords()[segment]
	case rest && i > 2:
		return catalogueWords()[segment]
	case i == 0, rest, slices.Contains(pageFolders, segments[0]):
		return isPlainName(segment)
	}
	return false
}

// isVersion: 2, 1.0 or 10.3.
func isVersion(segment string) bool {
	short := len(segment) <= 2 || len(segment) <= 4 && strings.Contains(segment, ".")
	return short && strings.Trim(segment, "0123456789.") == ""
}

// isPlainName: identifiers have digits, or are longer.
func isPlainName(text string) bool {
	if text == "" || len(text) > maxFamilyName {
		return false
	}
	for _, c := range []byte(text) {
		if lower := c | 0x20; (lower < 'a' || lower > 'z') && !strings.ContainsRune("._-", rune(c)) {
			return false
		}
	}
	return !strings.HasPrefix(text, "jat_")
}

// catalogueWords are all segments of fixed text that operations of Jira have.
var catalogueWords = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for _, line := range scope.Catalogue() {
		for segment := range strings.SplitSeq(line.Path, "/") {
			if !strings.ContainsAny(segment, "*{") {
				words[segment] = true
			}
		}
	}
	return words
})
