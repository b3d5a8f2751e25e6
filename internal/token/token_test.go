// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

func generate(tb testing.TB) token.Token {
	tb.Helper()
	tok, err := token.Generate(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return tok
}

func TestGenerateAndParse(t *testing.T) {
	pattern := regexp.MustCompile("^" + token.Pattern + "$")
	seen := map[string]bool{}
	for range 1000 {
		tok := generate(t)
		s := tok.Reveal()
		if len(s) != token.Length || !pattern.MatchString(s) || seen[s] {
			t.Fatalf("bad or repeated token of length %d", len(s))
		}
		seen[s] = true
		parsed, err := token.Parse(s)
		if err != nil || parsed.Hash() != tok.Hash() || parsed.ID() != s[4:16] {
			t.Fatalf("not parsed back: %v", err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	good := generate(t).Reveal()
	for name, c := range map[string]struct {
		in   string
		want error
	}{
		"empty":                  {"", token.ErrForeign},
		"a password":             {"hunter2", token.ErrForeign},
		"other case":             {"JAT_" + good[4:], token.ErrForeign},
		"space before":           {" " + good, token.ErrForeign},
		"prefix only":            {"jat_", token.ErrLength},
		"truncated":              {good[:len(good)-1], token.ErrLength},
		"line end":               {good + "\n", token.ErrLength},
		"quoted":                 {good + `"`, token.ErrLength},
		"no separator":           {good[:16] + "x" + good[17:], token.ErrCharacters},
		"foreign character":      {good[:20] + "-" + good[21:], token.ErrCharacters},
		"not ASCII":              {good[:20] + "é" + good[22:], token.ErrCharacters},
		"id changed":             {good[:5] + swap(good[5]) + good[6:], token.ErrChecksum},
		"secret changed":         {good[:30] + swap(good[30]) + good[31:], token.ErrChecksum},
		"checksum changed":       {good[:54] + swap(good[54]), token.ErrChecksum},
		"two characters swapped": {good[:17] + swapped(good[17:49]) + good[49:], token.ErrChecksum},
	} {
		if _, err := token.Parse(c.in); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		} else if len(c.in) > 20 && strings.Contains(err.Error(), c.in[17:]) {
			t.Errorf("%s: the error repeats the token", name)
		}
	}
}

func swap(c byte) string {
	if c == 'a' {
		return "b"
	}
	return "a"
}

// swapped exchanges the first two neighbours that differ.
func swapped(s string) string {
	for i := 1; i < len(s); i++ {
		if s[i] != s[i-1] {
			return s[:i-1] + string(s[i]) + string(s[i-1]) + s[i+1:]
		}
	}
	return s
}

func TestPrintingHidesTheSecret(t *testing.T) {
	tok := generate(t)
	asJSON, err := json.Marshal(map[string]any{"t": tok, "h": tok.Hash()})
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%s %v %+v %#v %q", tok, tok, tok, tok, tok) + tok.Hash().String() + fmt.Sprintf("%v %#v", tok.Hash(), tok.Hash())
	if strings.Contains(printed+string(asJSON), tok.Reveal()[17:49]) {
		t.Errorf("the secret was printed: %s %s", printed, asJSON)
	}
	if !strings.Contains(printed, tok.ID()) {
		t.Error("the id was not printed")
	}
}

func TestGenerateFailsWithItsSource(t *testing.T) {
	if _, err := token.Generate(bytes.NewReader([]byte("short"))); err == nil {
		t.Error("a token was made of too little randomness")
	}
	// A source of bytes that are all thrown away must not yield characters of a pattern.
	if _, err := token.Generate(bytes.NewReader(bytes.Repeat([]byte{255}, 1000))); err == nil {
		t.Error("a token was made of bytes that are out of range")
	}
}

func TestHashText(t *testing.T) {
	h := token.HashOf("x")
	text, err := h.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	back, err := token.ParseHash(string(text))
	if err != nil || back != h {
		t.Errorf("%s is read back as another hash: %v", text, err)
	}
	for _, bad := range []string{"", "sha256:", string(text)[7:], strings.ToUpper(string(text)), string(text) + "0", "md5:" + string(text)[7:], "sha256:" + strings.Repeat("g", 64)} {
		if _, err := token.ParseHash(bad); err == nil {
			t.Errorf("%q was taken for a hash", bad)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(generate(f).Reveal())
	f.Add("jat_")
	f.Fuzz(func(t *testing.T, s string) {
		tok, err := token.Parse(s)
		if err != nil {
			return
		}
		if tok.Reveal() != s || len(s) != token.Length || !regexp.MustCompile("^"+token.Pattern+"$").MatchString(s) {
			t.Errorf("%q was accepted", s)
		}
	})
}
