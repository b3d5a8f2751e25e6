// SPDX-License-Identifier: Apache-2.0

package jsonline

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestMarshal(t *testing.T) {
	for in, want := range map[string]string{
		"plain":         `"plain"`,
		"Zoë 東京 😀":      `"Zoë 東京 😀"`,
		"a\nb":          `"a\nb"`,
		"a\u202eb":      `"a\u202eb"`,
		"a\x7f\u200b":   `"a\u007f\u200b"`,
		"\U000E0041":    `"\udb40\udc41"`,
		`quote " and \`: `"quote \" and \\"`,
	} {
		if got, err := Marshal(in); err != nil || string(got) != want {
			t.Errorf("%q: %s, want %s (%v)", in, got, want, err)
		}
	}
	if _, err := Marshal(func() {}); err == nil {
		t.Error("a function was written")
	}
}

func TestBounded(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"short", 5, "short"}, {"longer", 4, "long…"}, {"aü", 2, "a?…"}, {"\xff", 5, "?"}, {"", 0, ""},
	} {
		if got := Bounded(c.in, c.limit); got != c.want {
			t.Errorf("%q to %d: %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

func FuzzLine(f *testing.F) {
	f.Add("a\n{\"b\":1}\u202e\x00", 20)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = max(0, min(limit, 1<<16))
		bounded := Bounded(text, limit)
		line, err := Marshal(bounded)
		if err != nil {
			t.Fatal(err)
		}
		var back string
		if err := json.Unmarshal(line, &back); err != nil || back != bounded || len(bounded) > limit*len("?")+len("…")+3 {
			t.Errorf("%q came back as %q (%v)", bounded, back, err)
		}
		if s := string(line); !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q", line)
		}
	})
}
