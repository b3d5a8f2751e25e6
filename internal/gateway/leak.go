// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"regexp"
	"slices"
	"strings"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

var tokenPattern = regexp.MustCompile(token.Pattern)

// findLeak looks for whole tokens where none belongs, and names the place.
func findLeak(r *Request, segments []string) string {
	if slices.ContainsFunc(segments, holdsToken) {
		return "path"
	}
	if holdsToken(r.RawQuery) {
		return "query"
	}
	if holdsToken(r.Host) {
		return "Host header"
	}
	for name, values := range r.Header {
		if name == "Authorization" {
			continue
		}
		if slices.ContainsFunc(values, holdsToken) {
			return "header " + printable(name, 40)
		}
		if holdsToken(name) {
			return "name of a header"
		}
	}
	return ""
}

// holdsToken looks through several layers of percent-encoding.
func holdsToken(text string) bool {
	for range maxDecodings {
		if strings.Contains(text, token.Prefix) && tokenPattern.MatchString(text) {
			return true
		}
		if strings.IndexByte(text, '%') < 0 {
			return false
		}
		next := decodeLeniently(text)
		if next == text {
			return false
		}
		text = next
	}
	return false
}

const redactedToken = token.Prefix + "[redacted]"

// redactTokens makes text fit for a log. What hides a token behind encodings goes entirely.
func redactTokens(text string) string {
	if strings.Contains(text, token.Prefix) {
		text = tokenPattern.ReplaceAllLiteralString(text, redactedToken)
	}
	if holdsToken(text) {
		return redactedToken
	}
	return text
}
