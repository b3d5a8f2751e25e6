// SPDX-License-Identifier: Apache-2.0

// Package jsonline writes what others chose as one line of JSON that shows what it holds, to programs and on a screen.
package jsonline

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Marshal makes one line of JSON, without its end: encoding/json escapes control characters and quotes, and what would not
// be seen on a screen, or would turn the order of what is, is escaped as well. That is the same JSON.
func Marshal(value any) ([]byte, error) {
	text, err := json.Marshal(value)
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

// Bounded cuts text at so many bytes, which "…" shows, and makes it valid UTF-8; Marshal escapes the rest. The result is
// always a copy: a line waits in a queue, and a part of a larger text would keep all of that in memory.
func Bounded(text string, limit int) string {
	more := ""
	if len(text) > limit {
		text, more = text[:limit], "…"
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "?")
	}
	return strings.Clone(text + more)
}
