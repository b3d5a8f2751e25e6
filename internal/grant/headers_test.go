// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"net/http"
	"strings"
	"testing"
)

func TestMatchWildcards(t *testing.T) {
	for _, c := range []struct {
		pattern, value string
		want           bool
	}{
		{"Zapier", "Zapier", true},
		{"Zapier", "Zapier/1", false},
		{"Zapier", "zapier", false},
		{"Zapier*", "Zapier", true},
		{"Zapier*", "Zapier/1", true},
		{"Zapier*", "a Zapier", false},
		{"*Zapier", "a Zapier", true},
		{"*Zapier", "Zapier/1", false},
		{"*", "", true},
		{"*", "x", true},
		{"**", "", true},
		{"a*a", "a", false},
		{"a*a", "aa", true},
		{"a*b*c", "a-b-c", true},
		{"a*b*c", "a-c-b", false},
		{"a*bc*c", "abc", false},
		{"*ab*ab", "abab", true},
		{"*ab*ab", "ab", false},
		{"a*ab", "aaab", true},
		{"a?c", "abc", false},
		{"a\\*", "a\\b", true},
		{strings.Repeat("*a", 100), strings.Repeat("a", 100), true},
		{strings.Repeat("a*", 128), strings.Repeat("a", 127), false},
	} {
		if got := matchWildcards(c.pattern, c.value); got != c.want {
			t.Errorf("%q on %q: %v", c.pattern, c.value, got)
		}
	}
}

func TestHeaderPatterns(t *testing.T) {
	list := []HeaderPattern{{"User-Agent", "Zapier: *"}, {"X-Team", "*"}}
	patterns := HeaderPatterns(flattenHeaders(list))
	for _, c := range []struct {
		header http.Header
		want   string
	}{
		{http.Header{"User-Agent": {"Zapier: 1"}, "X-Team": {""}}, ""},
		{http.Header{"User-Agent": {"Zapier: 1"}}, "X-Team"},
		{http.Header{"User-Agent": {"curl"}, "X-Team": {"a"}}, "User-Agent"},
		{http.Header{"User-Agent": {"Zapier: 1", "curl"}, "X-Team": {"a"}}, "User-Agent"},
		{http.Header{"User-Agent": {}, "X-Team": {"a"}}, "User-Agent"},
	} {
		if got := patterns.Mismatch(c.header); got != c.want {
			t.Errorf("%v: %q, want %q", c.header, got, c.want)
		}
	}
	if allocations := testing.AllocsPerRun(100, func() {
		patterns.Mismatch(http.Header{})
	}); allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
	if got := HeaderPatterns("").Mismatch(nil); got != "" {
		t.Errorf("no patterns: %q", got)
	}
}

func TestHeaderPatternsThatCantBe(t *testing.T) {
	for _, list := range [][]HeaderPattern{
		{{"user-agent", "a"}}, {{"", "a"}}, {{"X-A", ""}}, {{"X-A", "a\nX-B:*"}}, {{"X-A\n", "a"}}, make([]HeaderPattern, 9),
	} {
		if CheckHeaderPatterns(list) == nil {
			t.Errorf("%q is accepted", list)
		}
	}
}

// Each pattern is a condition: fewer of them permit more, and that asks for another approval.
func TestHeadersWithin(t *testing.T) {
	a, b := HeaderPattern{"A", "a"}, HeaderPattern{"B", "b"}
	for _, c := range []struct {
		narrow, wide []HeaderPattern
		want         bool
	}{
		{nil, nil, true},
		{[]HeaderPattern{a}, nil, true},
		{nil, []HeaderPattern{a}, false},
		{[]HeaderPattern{a, b}, []HeaderPattern{b}, true},
		{[]HeaderPattern{a}, []HeaderPattern{a, b}, false},
		{[]HeaderPattern{{"A", "*"}}, []HeaderPattern{a}, false},
	} {
		narrow := &Grant{Owner: "alice", Scopes: []string{"read"}, Headers: c.narrow}
		if got := narrow.Within(nil, &Grant{Owner: "alice", Scopes: []string{"read"}, Headers: c.wide}, nil); got != c.want {
			t.Errorf("%v within %v: %v", c.narrow, c.wide, got)
		}
	}
}
