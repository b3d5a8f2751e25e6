// SPDX-License-Identifier: Apache-2.0

// Package leakcases is what the rules for secret scanners are tried with: places where tokens leak, and what only looks
// like one.
package leakcases

import (
	"strings"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

var before = []string{
	"", " ", "\"", "'", "`", "=", "%3D", "\\n", "/", "token: ", "JIRA_TOKEN=", "\"token\":\"", "Authorization: Bearer ",
	"https://alice:",
	"<token>",
	"-H 'Authorization: Bearer ",
}

var after = []string{"", " ", "\n", "\"", "'", "`", "&", ",", "\\n", "@jira.example/", "</token>", "%22", "_", "-"}

// Contexts are more than two hundred places that a token can stand in.
func Contexts(tok string) []string {
	out := make([]string, 0, 2*len(before)*len(after))
	for _, b := range before {
		for _, a := range after {
			out = append(out, b+tok+a, "first line\n"+b+tok+a+"\nlast line")
		}
	}
	return out
}

// LookAlikes are no tokens, though they are made of one.
func LookAlikes(tok string) []string {
	prefix, rest := token.Prefix, tok[len(token.Prefix):]
	return []string{
		"", prefix, tok[:len(tok)-1], tok + "0", "JAT_" + rest, "jat-" + rest, strings.ReplaceAll(tok, "_", "-"),
		tok[:16] + tok[17:], tok[:16] + "__" + tok[17:], tok[:20] + "~" + tok[21:], tok[:20] + " " + tok[20:], prefix + "_" + rest,
		prefix + strings.Repeat("x", 12) + "_" + strings.Repeat("x", 38),
		prefix + strings.Repeat("0", 12) + "_" + strings.Repeat("0", 38),
		prefix + strings.Repeat("ab", 6) + "_" + strings.Repeat("abc", 13)[:38], "jat_<id>_<secret><checksum>",
		"jat_4Zq0m8bVt1Xc_[redacted]",
		"format_" + rest[:20], "sha256:" + strings.Repeat("0", 64),
	}
}
