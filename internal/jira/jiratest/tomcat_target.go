// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"strconv"
	"strings"
)

// What Jira's server.xml files allow beyond RFC 3986.
const (
	relaxedPathChars  = "[]|"
	relaxedQueryChars = "[]|{}^\\`\"<>"
)

const (
	errTargetChar = message("Invalid character found in the request target. " +
		"The valid characters are defined in RFC 7230 and RFC 3986")
	errTargetURI = message("Invalid URI")
)

// target is a request target as Tomcat takes it apart.
type target struct {
	rawPath  string // as on the wire, without scheme and authority
	rawQuery string
	path     string // what servlets are mapped by: parameters stripped, decoded once, normalised
}

// parseTarget does what Tomcat's Http11InputBuffer and CoyoteAdapter.postParseRequest do, in their order: characters,
// then `;parameters` off, then decoding (an encoded slash is refused), then normalisation (a backslash is refused).
func parseTarget(raw string) (target, error) {
	path, query, _ := strings.Cut(originForm(raw), "?")
	t := target{rawPath: path, rawQuery: query}
	if !onlyChars(path, "/", relaxedPathChars) || !onlyChars(query, "/?", relaxedQueryChars) {
		return t, errTargetChar
	}
	decoded, ok := decodePath(stripPathParameters(path))
	if !ok {
		return t, errTargetURI
	}
	if t.path, ok = normalisePath(decoded); !ok {
		return t, errTargetURI
	}
	t.path = strings.ToValidUTF8(t.path, "\uFFFD")
	return t, nil
}

// originForm takes scheme and authority off an absolute-form target.
func originForm(raw string) string {
	_, rest, absolute := strings.Cut(raw, "://")
	if !absolute || strings.HasPrefix(raw, "/") {
		return raw
	}
	if slash := strings.IndexByte(rest, '/'); slash >= 0 {
		return rest[slash:]
	}
	return "/"
}

// onlyChars reports whether s is made of RFC 3986 pchar, the extra characters and the relaxed ones.
func onlyChars(s, extra, relaxed string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		digit := c >= '0' && c <= '9'
		if letter || digit || strings.IndexByte("-._~%!$&'()*+,;=:@", c) >= 0 {
			continue
		}
		if strings.IndexByte(extra, c) < 0 && strings.IndexByte(relaxed, c) < 0 {
			return false
		}
	}
	return true
}

func stripPathParameters(path string) string {
	if !strings.Contains(path, ";") {
		return path
	}
	parts := strings.Split(path, "/")
	for i, part := range parts {
		parts[i], _, _ = strings.Cut(part, ";")
	}
	return strings.Join(parts, "/")
}

// decodePath undoes percent-encoding. False: an escape that is none, or an encoded slash
// (encodedSolidusHandling=reject).
func decodePath(path string) (string, bool) {
	out := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			out = append(out, path[i])
			continue
		}
		if i+2 >= len(path) {
			return "", false
		}
		value, err := strconv.ParseUint(path[i+1:i+3], 16, 8)
		if err != nil || value == '/' {
			return "", false
		}
		out = append(out, byte(value))
		i += 2
	}
	return string(out), true
}

// normalisePath resolves "//", "/./" and "/../". False: not absolute, climbs above the root, or holds a backslash or
// NUL.
func normalisePath(path string) (string, bool) {
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "\\\x00") {
		return "", false
	}
	parts := strings.Split(path[1:], "/")
	last := parts[len(parts)-1]
	kept := make([]string, 0, len(parts))
	for _, part := range parts {
		switch part {
		case "", ".":
		case "..":
			if len(kept) == 0 {
				return "", false
			}
			kept = kept[:len(kept)-1]
		default:
			kept = append(kept, part)
		}
	}
	out := "/" + strings.Join(kept, "/")
	if slash := last == "" || last == "." || last == ".."; slash && out != "/" {
		out += "/"
	}
	return out, true
}

// segments splits a normalised path; a slash at its end makes no segment, as JAX-RS has it.
func segments(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}
