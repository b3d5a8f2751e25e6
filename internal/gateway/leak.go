// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"regexp"
	"strings"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

var tokenPattern = regexp.MustCompile(token.Pattern)

// findLeak looks for whole tokens where none belongs, and names the place and the token's id.
func findLeak(r *Request, segments []string) (place, id string) {
	if id := tokenAmong(segments); id != "" {
		return "path", id
	}
	if id := tokenIn(r.RawQuery); id != "" {
		return "query", id
	}
	if id := tokenIn(r.Host); id != "" {
		return "Host header", id
	}
	for name, values := range r.Header {
		if name == "Authorization" {
			continue
		}
		if id := tokenAmong(values); id != "" {
			return "header " + printable(name, 40), id
		}
		if id := tokenIn(name); id != "" {
			return "name of a header", id
		}
	}
	return "", ""
}

func tokenAmong(texts []string) (id string) {
	for _, text := range texts {
		if id := tokenIn(text); id != "" {
			return id
		}
	}
	return ""
}

func holdsToken(text string) bool { return tokenIn(text) != "" }

// tokenIn finds a token, also behind several layers of percent-encoding, and returns its id: the part that may be known.
func tokenIn(text string) (id string) {
	for range maxDecodings {
		if strings.Contains(text, token.Prefix) {
			if found := tokenPattern.FindString(text); found != "" {
				id, _, _ = strings.Cut(found[len(token.Prefix):], "_")
				return id
			}
		}
		if strings.IndexByte(text, '%') < 0 {
			return ""
		}
		next := decodeLeniently(text)
		if next == text {
			return ""
		}
		text = next
	}
	return ""
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
