// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

// FuzzAuthorization: what holds a token of ours is ours or refused, and nothing but a whole one is used.
func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{
		"Bearer " + unknownToken, basic("alice", unknownToken), basic(unknownToken, ""), "Basic %%%", "Bearer", "Token jat_", "",
		"Bearer \t" + unknownToken, "Bearer a, Basic b", "OAuth jat_", "Bearer amF0X2", "basic amF0Xw==", "\tBearer x ",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got, refusal := classifyAuthorization(&Request{Header: http.Header{"Authorization": {line}}})
		if refusal != nil {
			if refusal.Status != http.StatusBadRequest || refusal.Message == "" {
				t.Errorf("%q: %+v", line, refusal)
			}
			return
		}
		if strings.Contains(line, token.Prefix) && got.kind != gatewayToken {
			t.Errorf("%q holds a token and is of kind %d", line, got.kind)
		}
		if got.kind != gatewayToken || got.malformed != "" {
			return
		}
		_, value := splitScheme(line)
		if got.withUser {
			decoded, err := decodeBase64(value)
			if value = strings.TrimPrefix(string(decoded), got.user+":"); err != nil {
				t.Errorf("%q: %v", line, err)
			}
		}
		if got.token.Reveal() != value {
			t.Errorf("%q is taken for %q", line, got.token.Reveal())
		}
	})
}

// cookieNames reads cookies as a lenient server would, written down apart from the code under test.
func cookieNames(line string) (names []string) {
	for pair := range strings.SplitSeq(strings.ReplaceAll(line, ",", ";"), ";") {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, strings.Trim(name, " \t\""))
	}
	return names
}

// FuzzCookies: a cookie that a server would take for a session is one, and so is what net/http takes for it.
func FuzzCookies(f *testing.F) {
	for _, seed := range []string{"JSESSIONID=x", "a=b; jsessionid=c", `"JSESSIONID"=x`, "a=b,crowd.token_key=c", "theme=JSESSIONID", ";;=", "a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got := kindOfCookies([]string{line})
		names := cookieNames(line)
		for _, cookie := range (&http.Request{Header: http.Header{"Cookie": {line}}}).Cookies() {
			names = append(names, cookie.Name)
		}
		session := false
		for _, name := range names {
			session = session || sessionCookies[strings.ToLower(name)]
		}
		if session != (got == sessionCredential) {
			t.Errorf("%q: kind %d, names %q", line, got, names)
		}
		if both := kindOfCookies([]string{"a=b", line}); both != got {
			t.Errorf("%q: kind %d on a second line", line, both)
		}
	})
}

// forbiddenName says what Jira must not get to see as a parameter's name, written down apart from the code under test.
func forbiddenName(name string) bool {
	name = strings.ToLower(strings.TrimSpace(name))
	for _, prefix := range []string{"os_", "oauth_", "xoauth_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return name == "user_id" || name == "_method" || name == "jwt" || name == "x-http-method-override"
}

// FuzzParameters: no query and no form passes in which a server that decodes it finds a forbidden name.
func FuzzParameters(f *testing.F) {
	for _, seed := range []string{
		"os_username=x", "a=b&os%5Fpassword", "oauth%5ftoken=x", "+user_id=", "jwt", "%6awt=1", "a=os_username", "%=&os_", "&&&", "xoauth%5Frequestor_id=bob",
		"a=%zz&_method=DELETE", "%zzos_a=1", "ſ",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		refusal := checkParameters(encoded, "query")
		kind, _ := kindOfParameters(encoded, false)
		for pair := range strings.SplitSeq(encoded, "&") {
			raw, _, _ := strings.Cut(pair, "=")
			name, err := url.QueryUnescape(raw)
			if err == nil && forbiddenName(name) && refusal == nil {
				t.Errorf("%q: the parameter %q passed", encoded, name)
			}
		}
		if kind != noCredential && refusal == nil {
			t.Errorf("%q is a credential of kind %d, and passed", encoded, kind)
		}
		if formRefusal := checkForm(encoded); (refusal != nil) && formRefusal == nil {
			t.Errorf("%q is refused in a query and passes in a form", encoded)
		}
	})
}

// FuzzContentType: what passes is a form for the gateway exactly if its media type is a form's, and its characters are
// those of ASCII where they matter.
func FuzzContentType(f *testing.F) {
	for _, seed := range []string{
		formType, "Application/X-WWW-Form-Urlencoded ; charset=utf-8", formType + "\v", "text/plain;charset=utf-16", `a/b; charset="utf-8"`,
		"a/b;charset=utf-8;charset=ibm037", "a/b;xcharset=x", "charset", formType + ",a/b", "a/b; charset = latin1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		header := http.Header{"Content-Type": {value}}
		if refusal := checkContentType(header); refusal != nil {
			if refusal.Status != http.StatusBadRequest && refusal.Status != http.StatusUnsupportedMediaType {
				t.Errorf("%q: %+v", value, refusal)
			}
			return
		}
		lower := strings.ToLower(value)
		if strings.Contains(lower, formType) != isForm(header) {
			t.Errorf("%q passed, and is a form: %t", value, isForm(header))
		}
		for _, charset := range []string{"utf-16", "utf-7", "utf-32", "ibm", "ebcdic", "cp037"} {
			if _, after, found := strings.Cut(lower, "charset="); found && strings.HasPrefix(strings.Trim(after, ` "`), charset) {
				t.Errorf("%q passed", value)
			}
		}
	})
}

// FuzzClientAddress: the address is the peer, an untrusted hop of the list, or none, and what is left of an untrusted hop
// changes nothing.
func FuzzClientAddress(f *testing.F) {
	for _, seed := range []string{"203.0.113.9", "10.0.0.7, 10.0.0.9", "::1", "[2001:db8::1]:443", "10.0.0.1:80", "x, 203.0.113.9", "203.0.113.9, x", ",", "::ffff:203.0.113.9", "fe80::1%eth0", " "} {
		f.Add("198.51.100.1", seed)
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}
	proxy, stranger := netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("192.0.2.1")
	f.Fuzz(func(t *testing.T, spoofed, line string) {
		address := func(peer netip.Addr, lines ...string) netip.Addr {
			return clientAddress(&Settings{trusted: trusted, addressHeader: defaultAddressHeader}, &Request{Peer: peer, Header: http.Header{"X-Forwarded-For": lines}})
		}
		if got := address(stranger, line); got != stranger {
			t.Errorf("%q: a stranger is believed: %s", line, got)
		}
		got := address(proxy, line)
		switch {
		case !got.IsValid():
		case got.Is4In6() || got.Zone() != "":
			t.Errorf("%q: %s is not in its plain form", line, got)
		case line != "" && !isTrusted(trusted, got) && (address(proxy, spoofed, line) != got || address(proxy, spoofed+","+line) != got):
			t.Errorf("%q: %q before it changes %s", line, spoofed, got)
		}
		if joined := address(proxy, spoofed+","+line); line != "" && joined != address(proxy, spoofed, line) {
			t.Errorf("%q, %q: %s on one line, %s on two", spoofed, line, joined, address(proxy, spoofed, line))
		}
	})
}

// FuzzStrippedHeader: no name passes that a server could take for one of ours.
func FuzzStrippedHeader(f *testing.F) {
	for _, seed := range []string{"X-Forwarded-For", "x_forwarded_for", "AUTHORIZATION", "X.Auth.User", "Remote_User", "Accept", "x-atlassian-token", "", "_"} {
		f.Add(seed, "close")
	}
	f.Fuzz(func(t *testing.T, name, option string) {
		header := http.Header{name: {"x"}, "Connection": {option}}
		for passed := range strippedHeader(header, []string{"x-owner"}) {
			folded := strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(passed))
			if strings.HasPrefix(folded, "x-forward") || folded == "authorization" || folded == "cookie" || folded == "x-owner" ||
				folded == "connection" || strings.Contains(folded, "remote-user") || strings.Contains(passed, "_") {
				t.Errorf("%q passed", passed)
			}
		}
	})
}
