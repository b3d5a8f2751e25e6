// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// encode makes one line of JSON that shows what it holds: encoding/json escapes control characters and quotes, and what
// would not be seen on a screen, or would turn the order of what is, is escaped as well. That is the same JSON.
func (l *auditLine) encode() ([]byte, error) {
	text, err := json.Marshal(l) //nolint:gosec // apiToken is the name of an object
	if err != nil {
		return nil, err
	}
	return escapeInvisible(text), nil
}

func escapeInvisible(encoded []byte) []byte {
	if plain(encoded) {
		return encoded
	}
	var out strings.Builder
	for _, r := range string(encoded) {
		switch {
		case unicode.IsPrint(r):
			out.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return []byte(out.String())
}

func plain(text []byte) bool {
	for _, b := range text {
		if b >= utf8.RuneSelf || b == 0x7f {
			return false
		}
	}
	return true
}

// bounded cuts text at a limit and makes it valid UTF-8; encode escapes the rest. The result is always a copy: a line waits
// in a queue, and a part of a request's head would keep all of that head in memory.
func bounded(text string, limit int) string {
	more := ""
	if len(text) > limit {
		text, more = text[:limit], "…"
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "?")
	}
	return strings.Clone(text + more)
}
