// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"net/http"
	"strings"
)

// fixedSegments is how many segments below the context path name an API rather than data: rest/api/2,
// rest/agile/1.0, secure/attachment/<id>. Nothing in them ever needs an encoding.
const fixedSegments = 3

// canonicalise is step 2: it returns the decoded segments below the context path, or refuses. What it lets through has
// one reading only: Jira, decoding the same bytes, comes to the same segments.
func canonicalise(contextPath string, r *Request) ([]string, *Refusal) {
	if refusal := checkTarget(r); refusal != nil {
		return nil, refusal
	}
	raw := strings.Split(r.Path[1:], "/")
	contextSegments := strings.Count(contextPath, "/")
	if last := len(raw) - 1; raw[last] == "" { // one slash at the end means the same as none
		raw = raw[:last]
	}
	for i, segment := range raw {
		decoded, problem := decodeSegment(segment)
		if problem == "" && i < contextSegments+fixedSegments {
			problem = fixedProblem(segment)
		}
		if problem != "" {
			return nil, refuse(http.StatusBadRequest, reasonPath, "the path has "+problem)
		}
		raw[i] = decoded
	}
	if contextPath != "" && r.Path != contextPath && !strings.HasPrefix(r.Path, contextPath+"/") {
		return nil, refuse(http.StatusNotFound, reasonOutside, fmt.Sprintf(
			"there is nothing here: Jira's paths begin with %s, as in %s/rest/api/2/myself", contextPath, contextPath))
	}
	return raw[contextSegments:], nil
}

// fixedProblem finds what a segment that names an API never needs.
func fixedProblem(segment string) string {
	switch {
	case strings.IndexByte(segment, '%') >= 0:
		return "percent-encoding in the part that names the API; write it plainly"
	case strings.HasSuffix(segment, "."):
		return "a dot at the end of a segment that names the API"
	}
	return ""
}

// checkTarget looks at the target as a whole.
func checkTarget(r *Request) *Refusal {
	if !strings.HasPrefix(r.Path, "/") {
		return refuse(http.StatusBadRequest, reasonTarget,
			"the request target must be a path that begins with a slash, not a URL or an asterisk")
	}
	if problem := checkCharacters(r.Path, "[]|/"); problem != "" {
		return refuse(http.StatusBadRequest, reasonPath, "the path has "+problem)
	}
	if problem := checkCharacters(r.RawQuery, "[]|{}^\\`\"<>/?;"); problem != "" {
		return refuse(http.StatusBadRequest, reasonTarget, "the query has "+problem)
	}
	return checkContentType(r.Header) // what the query means to Jira depends on it
}

// checkCharacters lets through what Tomcat lets through with the settings that Jira ships: the characters that RFC 3986
// has in a segment, and the relaxed ones. It returns what is wrong.
func checkCharacters(text, more string) string {
	for i := range len(text) {
		c := text[i]
		if plainCharacter[c] || strings.IndexByte(more, c) >= 0 {
			continue
		}
		switch {
		case c == ';':
			return "a raw semicolon, which begins a path parameter; write %3B if it is meant literally"
		case c == '\\':
			return "a backslash; write %5C only in the query, a path can't have one"
		case c == '#':
			return "a raw '#'; write %23 if it is meant literally"
		case c < ' ' || c == 0x7f:
			return "a control character"
		case c >= 0x80:
			return "a raw character outside ASCII; percent-encode its UTF-8 form"
		default:
			return fmt.Sprintf("a raw %q; write %%%02X", c, c)
		}
	}
	return ""
}

// plainCharacter are unreserved characters, sub-delimiters without the semicolon, ':', '@' and '%'.
var plainCharacter = func() (table [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,=:@%") {
		table[c] = true
	}
	return table
}()
