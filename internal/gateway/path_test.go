// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bytes"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var errRefused = errors.New("refused")

// tomcatSegments reads a path as Tomcat and Jira do, written down apart from the code under test: path parameters off,
// decoded once (an encoded slash is refused), `//`, `.` and `..` resolved, split.
func tomcatSegments(path string) ([]string, error) {
	var stripped []string
	for part := range strings.SplitSeq(path, "/") {
		part, _, _ = strings.Cut(part, ";")
		stripped = append(stripped, part)
	}
	if strings.Contains(strings.ToLower(path), "%2f") || strings.Contains(strings.ToLower(path), "%5c") {
		return nil, errRefused
	}
	decoded, err := url.PathUnescape(strings.Join(stripped, "/"))
	if err != nil || strings.ContainsAny(decoded, "\\\x00") || !utf8.ValidString(decoded) {
		return nil, errRefused
	}
	var kept []string
	for part := range strings.SplitSeq(decoded, "/") {
		switch part {
		case "", ".":
		case "..":
			if len(kept) == 0 {
				return nil, errRefused
			}
			kept = kept[:len(kept)-1]
		default:
			kept = append(kept, part)
		}
	}
	return kept, nil
}

var pathSeeds = []string{
	"/jira/rest/api/2/myself", "/jira", "/jira/", "/jira/rest/api/2/issue/%44EMO-1/", "/jira/secure/attachment/1/%25%3B%23%3F%20+%C3%BC[]|",
	"/jira/rest/api/2/issue/%2e%2e/x", "/jira/rest/api/2/issue/%252e%252e/x", "/jira//rest", "/jira/rest;a/b", "/jira/rest/..;/x",
	"/jira/rest/api/2/a%2fb", "/jira/rest/api/2/a%5cb", "/jira/rest/api/2/a%00", "/jira/rest/api/2/%c0%ae", "/x/../jira/rest", "*",
	"/jira/rest/api/2/x/%25%32%65", "/jira/rest/api/2/x/..%3B/y", "/%6aira/rest", "/jira/rest/api/2/x/%E2%80%A8",
	"/jira/rest/api/2/x/..::/y", "/jira/rest/api/2/x/%2e%3a%3a/y",
}

// FuzzCanonicalise: whatever passes has one reading, and it is Jira's.
func FuzzCanonicalise(f *testing.F) {
	for _, seed := range pathSeeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if strings.Contains(path, "?") {
			return
		}
		for _, contextPath := range []string{"/jira", "", "/a/b"} {
			segments, refusal := canonicalise(contextPath, &Request{Path: path, Target: path})
			if refusal != nil {
				if refusal.Status != 400 && refusal.Status != 404 || refusal.Message == "" || !utf8.Valid(refusal.body()) {
					t.Errorf("%q: %+v", path, refusal)
				}
				continue
			}
			jira, err := tomcatSegments(path)
			ours := append(strings.FieldsFunc(contextPath, func(r rune) bool { return r == '/' }), segments...)
			if err != nil || !slices.Equal(ours, jira) {
				t.Errorf("%q: authorised as %q, read by Jira as %q (%v)", path, ours, jira, err)
			}
			checkPassed(t, path, segments)
		}
	})
}

func checkPassed(t *testing.T, path string, segments []string) {
	t.Helper()
	for i, segment := range segments {
		if segment == "" || segment == "." || segment == ".." || strings.ContainsAny(segment, "/\\\x00\r\n") {
			t.Errorf("%q: segment %q", path, segment)
		}
		if i < fixedSegments && strings.ContainsAny(segment, "%;") {
			t.Errorf("%q: fixed segment %q", path, segment)
		}
	}
	// Nobody who decodes once more gets out of the path.
	again, err := tomcatSegments(strings.ReplaceAll(path, "%25", "%"))
	if err == nil && len(again) < len(segments) {
		t.Errorf("%q: decoded twice it is %q", path, again)
	}
	if strings.ContainsAny(path, "#;\\ ") || bytes.ContainsFunc([]byte(path), func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("%q passed", path)
	}
}

func TestPathsThatTheHTTPEngineAlreadyRefuses(t *testing.T) {
	for path, says := range map[string]string{
		"/jira/rest/api/2/issue/a\x01b": "control character", "/jira/rest/api/2/issue/100%": "%25", "/jira/rest/api/2/%zz": "%25",
		"": "begins with a slash", "jira/rest": "begins with a slash", "/jira/rest/api/2/a b": "%20", "/jira/rest/api/2/a\"b": "%22",
	} {
		_, refusal := canonicalise("/jira", &Request{Path: path})
		if refusal == nil || refusal.Status != 400 || !strings.Contains(refusal.Message, says) {
			t.Errorf("%q: %+v", path, refusal)
		}
	}
}

func TestManyEncodingsEndSomewhere(t *testing.T) {
	deep := "%" + strings.Repeat("25", 4000) + "2e"
	if _, problem := decodeSegment(deep); problem == "" {
		t.Error("passed")
	}
	if !strings.Contains(redactTokens(unknownToken+" "+strings.Replace(unknownToken, "j", "%2525256a", 1)), "[redacted]") {
		t.Error("not redacted")
	}
}

// TestPercentDecodingIsThatOfNetURL: Jira decodes each of the bytes so, and fails where it fails.
func TestPercentDecodingIsThatOfNetURL(t *testing.T) {
	const digits = "0123456789abcdefABCDEF"
	for high := range 256 {
		if text := string([]byte{byte(high)}); text != "%" {
			if got, err := url.PathUnescape(text); got != text || err != nil {
				t.Errorf("%q: %q %v", text, got, err)
			}
		}
		for low := range 256 {
			text := "%" + string([]byte{byte(high), byte(low)})
			valid := strings.IndexByte(digits, byte(high)) >= 0 && strings.IndexByte(digits, byte(low)) >= 0
			got, err := url.PathUnescape(text)
			if valid != (err == nil) || valid && got != decodeLeniently(text) {
				t.Errorf("%q: %q %v", text, got, err)
			}
		}
	}
}
