// SPDX-License-Identifier: Apache-2.0

package gateway

import (
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
	"forwarded": true, "via": true, "client-ip": true, "true-client-ip": true, "cf-connecting-ip": true,
	"fastly-client-ip": true, "x-real-ip": true, "x-client-ip": true, "x-cluster-client-ip": true,
	"x-host": true, "x-original-host": true, "x-original-url": true, "x-original-uri": true, "x-rewrite-url": true,
	"x-proxyuser-ip": true, "x-original-forwarded-for": true, "x-envoy-original-path": true,
	"x-http-method": true, "x-http-method-override": true, "x-method-override": true,
	"remote-user": true, "x-remote-user": true, "http-remote-user": true, "redirect-remote-user": true,
	"auth-user": true, "x-auth-user": true, "x-authenticated-user": true, "x-webauth-user": true, "x-proxy-user": true,
	"x-user": true, "x-username": true, "x-user-name": true, "x-sso-user": true, "x-ausername": true, "iv-user": true,
	"sm-user": true, "oam-remote-user": true, "x-ssl-client-s-dn": true, "ssl-client-s-dn": true, "x-client-cert": true,
	"x-impersonate-user": true, "x-on-behalf-of": true,
	// Hop by hop, beyond what Connection names.
	"connection": true, "keep-alive": true, "proxy-connection": true, "proxy-authenticate": true, "te": true,
	"trailer": true, "transfer-encoding": true, "upgrade": true, "http2-settings": true, "expect": true,
}

var ownPrefixes = []string{
	"x-forwarded-", "x-seraph-", "x-auth-request-", "x-remote-", "x-atlassian-trusted-", "x-crowd-", "x-envoy-",
}

// isOwnHeader tells whether a client's header must not reach Jira. The names in more are folded.
func isOwnHeader(name string, more []string) bool {
	var space [64]byte // longer names cost an allocation, most requests none
	folded := appendFolded(space[:0], name)
	if ownHeaders[string(folded)] {
		return true
	}
	for _, prefix := range ownPrefixes {
		if len(folded) >= len(prefix) && string(folded[:len(prefix)]) == prefix {
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
