// SPDX-License-Identifier: Apache-2.0

package impersonate

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// parameter is one request parameter. Their repetitions are signed as well, so a map won't do.
type parameter struct{ name, value string }

// baseString is what is signed (RFC 5849, section 3.4.1).
func baseString(method, address string, all []parameter) string {
	for i := range all {
		all[i] = parameter{percentEncode(all[i].name), percentEncode(all[i].value)}
	}
	slices.SortFunc(all, func(a, b parameter) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))
	})
	var list strings.Builder
	for i, p := range all {
		if i > 0 {
			list.WriteByte('&')
		}
		list.WriteString(p.name + "=" + p.value)
	}
	return percentEncode(strings.ToUpper(method)) + "&" + percentEncode(address) + "&" + percentEncode(list.String())
}

// originOf is scheme and authority in lower case, without a default port (section 3.4.1.2).
func originOf(baseURL string) (string, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("%q is no URL that can be signed", baseURL)
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if port := u.Port(); scheme == "http" && port == "80" || scheme == "https" && port == "443" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return scheme + "://" + host, nil
}

// parseParameters takes a query or a form apart like Tomcat, since it is what Tomcat saw that Jira verifies: a
// parameter without a name or with a broken encoding does not exist, `;` separates nothing.
func parseParameters(encoded string) []parameter {
	var out []parameter
	for pair := range strings.SplitSeq(encoded, "&") {
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(rawName)
		value, valueErr := url.QueryUnescape(rawValue)
		if nameErr == nil && valueErr == nil && name != "" {
			out = append(out, parameter{name, value})
		}
	}
	return out
}

// percentEncode leaves only the unreserved characters of RFC 3986 alone (section 3.6): a space is %20, never a plus.
func percentEncode(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
