// SPDX-License-Identifier: Apache-2.0

package oneline_test

import (
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/oneline"
)

func TestOf(t *testing.T) {
	for in, want := range map[string]string{
		"":                                "",
		"plain":                           "plain",
		"Zoë 東京":                          "Zoë 東京",
		" two\r\n\tlines\n":               "two lines",
		"\x1b[2Jcleared":                  "[2Jcleared",
		"turned\u202earound":              "turned around",
		"\xff":                            "\ufffd",
		strings.Repeat("x", 21):           strings.Repeat("x", 20) + "…",
		strings.Repeat(" \n", 50) + "end": "end",
	} {
		if have := oneline.Of(in, 20); have != want {
			t.Errorf("%q: have %q, want %q", in, have, want)
		}
	}
}
