// SPDX-License-Identifier: Apache-2.0

// Package oneline quotes what others wrote, such as what a webhook says in refusing an object, within a line of ours.
package oneline

import (
	"strings"
	"unicode"

	"github.com/jiratokens/jira-token-operator/internal/jsonline"
)

// Of makes a text one line of what a screen shows, cut at so many bytes, which "…" shows.
func Of(text string, limit int) string {
	return jsonline.Bounded(strings.Join(strings.Fields(Printable(text)), " "), limit)
}

// Printable keeps a text from passing for lines of ours.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) { // control characters, line ends, and what turns the direction of a text
			return ' '
		}
		return r
	}, text)
}
