// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxWarning is what the API server cuts each warning to, in bytes, if all together are longer than 4 KiB.
	maxWarning = 256
	// maxWarnings keeps all together below that.
	maxWarnings = 15
	more        = "There is more to say: see the conditions of the ApiToken."
)

// warnings splits a message into several at the ends of sentences, or of words if a sentence is too long, so that none is
// cut. A warning is sent in an HTTP header: it has no line ends. The others, which are such warnings already, come behind.
func warnings(message string, others ...string) (out []string) {
	rest := strings.Join(strings.FieldsFunc(strings.ToValidUTF8(message, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	for rest != "" {
		if len(out) == maxWarnings-1-len(others) && len(rest) > maxWarning {
			return append(append(out, more), others...)
		}
		var first string
		first, rest = cut(rest)
		out = append(out, first)
	}
	return append(out, others...)
}

func cut(text string) (first, rest string) {
	if len(text) <= maxWarning {
		return text, ""
	}
	end := maxWarning
	for !utf8.RuneStart(text[end]) {
		end--
	}
	if i := strings.LastIndex(text[:end], ". "); i > 0 {
		end = i + 1
	} else if i := strings.LastIndex(text[:end], " "); i > 0 {
		end = i
	}
	return text[:end], strings.TrimPrefix(text[end:], " ")
}
