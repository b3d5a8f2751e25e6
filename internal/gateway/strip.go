// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
)

// foldHeader gives the form in which header names are compared: servers that hand headers on as variables can't tell
// dashes from underscores, some not even from dots.
func foldHeader(name string) string { return string(appendFolded(nil, name)) }

// sameHeader compares a name with a folded one.
func sameHeader(name, folded string) bool {
	return len(name) == len(folded) && foldHeader(name) == folded
}

func appendFolded(out []byte, name string) []byte {
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '_' || c == '.':
			c = '-'
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		out = append(out, c)
	}
	return out
}

// ownHeaders are the folded names of what only the gateway, or nobody, may say to Jira: who the user is, where the request
// came from, what it was before some proxy, and that another method or path is meant.
var ownHeaders = map[string]bool{
	"authorization": true, "proxy-authorization": true, "cookie": true, "cookie2": true,
	"forwarded": true, "via": true, "client-ip": true, "true-client-ip": true, "fastly-client-ip": true,
	"x-real-ip": true, "x-client-ip": true, "x-cluster-client-ip": true, "x-proxyuser-ip": true,
	"x-host": true, "x-rewrite-url": true,
	"x-http-method": true, "x-http-method-override": true, "x-method-override": true,
	"auth-user": true, "x-webauth-user": true, "x-proxy-user": true, "x-ausername": true, "iv-user": true,
	"eppn": true, "uid": true, "x-client-cert": true, "x-on-behalf-of": true, "x-authenticated-user": true,
	// Hop by hop, beyond what Connection names.
	"connection": true, "keep-alive": true, "proxy-connection": true, "proxy-authenticate": true, "te": true,
	"trailer": true, "transfer-encoding": true, "upgrade": true, "http2-settings": true, "expect": true,
}

// ownPrefixes begin the folded names by which proxies, clouds, single sign-on and its agents say such things. They stand
// by their first letter, since they are looked at for every header.
var ownPrefixes = byFirstLetter(
	"x-forward", "x-original-", "x-envoy-", "x-arr-", "x-azure-", "x-appengine-", "x-amzn-", "x-ms-", "x-goog-", "cf-", "fly-",
	"x-seraph-", "x-crowd-", "x-atlassian-trusted-",
	"x-auth-", "x-sso-", "x-user", "x-id-token", "x-access-token", "x-remote-", "x-consumer-", "x-credential-",
	"x-authentik-", "x-pomerium-", "x-vouch-", "x-shib-", "shib-", "sm-", "x-impersonate-", "impersonate-", "ssl-", "x-ssl-",
)

// ownParts stand anywhere in the folded names of what says who the user is.
var ownParts = [][]byte{[]byte("remote-user"), []byte("principal")}

func byFirstLetter(prefixes ...string) (table [256][]string) {
	for _, prefix := range prefixes {
		table[prefix[0]] = append(table[prefix[0]], prefix)
	}
	return table
}

// isOwnHeader tells whether a client's header must not reach Jira. The names in more are folded. No header that scripts
// need has an underscore, and names with one are how an identity slips through servers that can't tell it from a dash.
func isOwnHeader(name string, more []string) bool {
	if name == "" || strings.IndexByte(name, '_') >= 0 {
		return true
	}
	var space [64]byte // longer names cost an allocation, most requests none
	folded := appendFolded(space[:0], name)
	if ownHeaders[string(folded)] {
		return true
	}
	for _, prefix := range ownPrefixes[folded[0]] {
		if len(folded) >= len(prefix) && string(folded[:len(prefix)]) == prefix {
			return true
		}
	}
	for _, part := range ownParts {
		if bytes.Contains(folded, part) {
			return true
		}
	}
	return slices.Contains(more, string(folded))
}

// strippedHeader is step 5: a copy of the client's header for Jira, without what only the gateway may say and without what
// the Connection header names. Headers are put into it after this, so no Connection header can take them away.
func strippedHeader(header http.Header, more []string) http.Header {
	out := make(http.Header, len(header)+4)
	for name, values := range header {
		if !isOwnHeader(name, more) {
			out[name] = values
		}
	}
	for _, line := range header["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			delete(out, http.CanonicalHeaderKey(strings.TrimSpace(option)))
		}
	}
	return out
}
