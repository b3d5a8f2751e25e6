// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"net/url"
	"slices"
	"strings"
)

// baseString is RFC 5849 section 3.4.1 over the address that Jira believes in: scheme and authority of its base URL,
// and the path as it was on the wire.
func baseString(method, base, rawPath string, all []pair) string {
	return percentEncode(strings.ToUpper(method)) + "&" + percentEncode(origin(base)+rawPath) + "&" +
		percentEncode(normalisedParameters(all))
}

// origin is scheme and authority, in lower case and without a default port.
func origin(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if port := u.Port(); (scheme == "http" && port == "80") || (scheme == "https" && port == "443") {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return scheme + "://" + host
}

func normalisedParameters(all []pair) string {
	encoded := make([]pair, 0, len(all))
	for _, p := range all {
		if p.name != "oauth_signature" {
			encoded = append(encoded, pair{percentEncode(p.name), percentEncode(p.value)})
		}
	}
	slices.SortFunc(encoded, func(a, b pair) int {
		if order := strings.Compare(a.name, b.name); order != 0 {
			return order
		}
		return strings.Compare(a.value, b.value)
	})
	parts := make([]string, len(encoded))
	for i, p := range encoded {
		parts[i] = p.name + "=" + p.value
	}
	return strings.Join(parts, "&")
}

// percentEncode is RFC 3986 with nothing but the unreserved characters left alone: %20, never a plus.
func percentEncode(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if letter || (c >= '0' && c <= '9') || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}

func percentDecode(s string) string {
	if out, err := url.PathUnescape(s); err == nil {
		return out
	}
	return s
}
