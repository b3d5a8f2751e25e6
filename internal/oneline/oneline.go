// SPDX-License-Identifier: Apache-2.0

// Package oneline quotes what others wrote, such as what a webhook says in refusing an object, within a sentence of ours.
package oneline

import (
	"strings"
	"unicode"

	"github.com/jiratokens/jira-token-operator/internal/jsonline"
)

// Of makes a text one line of what a screen shows, cut at so many bytes, which "…" shows.
func Of(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) { // control characters, line ends, and what turns the direction of a text
			return ' '
		}
		return r
	}, text)
	return jsonline.Bounded(strings.Join(strings.Fields(text), " "), limit)
}
