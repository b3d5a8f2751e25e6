// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDecodings bounds the search for dots behind several encodings; more than that means nothing to anyone.
const maxDecodings = 8

// decodeSegment undoes the percent-encoding of one segment, once, as Jira will. It returns what is wrong with it.
func decodeSegment(segment string) (decoded, problem string) {
	if segment == "" {
		return "", "an empty segment (//): did you join a base URL that ends in '/' with a path that begins with '/'?"
	}
	if strings.IndexByte(segment, '%') < 0 {
		return segment, dotProblem(segment)
	}
	decoded, err := url.PathUnescape(segment)
	if err != nil {
		return "", "a percent sign that is not followed by two hexadecimal digits; write %25 for a literal one"
	}
	if problem := characterProblem(decoded); problem != "" {
		return "", problem
	}
	return decoded, dotProblem(decoded)
}

// characterProblem finds what must not be there even when encoded, because some server on the way might decode it and
// act on it.
func characterProblem(decoded string) string {
	if !utf8.ValidString(decoded) {
		return "percent-encoded bytes that are no valid UTF-8"
	}
	for _, r := range decoded {
		switch {
		case r == '/':
			return "an encoded slash (%2F)"
		case r == '\\':
			return "an encoded backslash (%5C)"
		case unicode.IsControl(r):
			return "an encoded control character"
		}
	}
	return ""
}

// dotProblem finds segments that are or become '.' or '..', however often they are decoded, with or without something
// that a server might cut off.
func dotProblem(segment string) string {
	const problem = "a segment that is '.' or '..', perhaps encoded"
	for range maxDecodings {
		if hasDots(segment) {
			return problem
		}
		if strings.IndexByte(segment, '%') < 0 {
			return ""
		}
		next := decodeLeniently(segment)
		if next == segment {
			return ""
		}
		segment = next
	}
	return problem
}

func hasDots(segment string) bool {
	if strings.IndexByte(segment, '.') < 0 {
		return false
	}
	const colons = "::" // some servers take it for a separator (CVE-2026-21589)
	colonsSeparate := strings.Contains(segment, colons)
	if colonsSeparate {
		segment = strings.ReplaceAll(segment, colons, "/")
	}
	for part := range strings.FieldsFuncSeq(segment, func(r rune) bool { return r == '/' || r == '\\' }) {
		part, _, _ = strings.Cut(part, ";")
		if colonsSeparate {
			part = strings.Trim(part, ":") // of an odd number
		}
		if part = strings.TrimFunc(part, isSpaceOrControl); part == "." || part == ".." {
			return true
		}
	}
	return false
}

func isSpaceOrControl(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// decodeLeniently leaves a percent sign without two digits as it is.
func decodeLeniently(text string) string {
	if strings.IndexByte(text, '%') < 0 {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) && hexValue[text[i+1]] >= 0 && hexValue[text[i+2]] >= 0 {
			out = append(out, unhex(text[i+1], text[i+2]))
			i += 2
			continue
		}
		out = append(out, text[i])
	}
	return string(out)
}

// decodeFully undoes several layers of percent-encoding.
func decodeFully(text string) string {
	for range maxDecodings {
		next := decodeLeniently(text)
		if next == text {
			break
		}
		text = next
	}
	return text
}

func unhex(high, low byte) byte {
	return byte(hexValue[high]<<4 | hexValue[low]) //nolint:gosec // both were found to be digits
}

var hexValue = func() (table [256]int) {
	for i := range table {
		table[i] = strings.IndexByte("0123456789abcdef", byte(unicode.ToLower(rune(i))))
	}
	return table
}()
