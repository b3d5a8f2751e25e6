// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"strings"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

// credentialKind is a way to say who one is.
type credentialKind uint8

const (
	noCredential credentialKind = iota
	gatewayToken
	basicCredential
	bearerCredential
	oauthCredential
	sessionCredential
	parameterCredential
	trustedAppCredential
	otherCredential
)

// credential is what a request carries.
type credential struct {
	kind credentialKind
	// token is set if kind is gatewayToken, unless malformed says why not.
	token     token.Token
	malformed string
	// user is the user name beside the token, if Basic was used.
	user     string
	withUser bool
}

// classify is step 4: it looks at everything that can carry a credential and returns the one that there is. The segments
// are the decoded ones of the path. Where personal credentials can pass, only those parameters count that are one:
// os_destination and the like are part of honest log-ins.
func classify(r *Request, segments []string, personal bool) (credential, *Refusal) {
	if place, id := findLeak(r, segments); place != "" {
		refusal := refuse(http.StatusBadRequest, reasonLeaked, "a token stands in the "+place+
			", where logs and histories keep it: treat it as leaked and rotate it. Send it as Authorization: Bearer <token>")
		refusal.LeakedID = id
		return credential{}, refusal
	}
	found, refusal := classifyAuthorization(r)
	if refusal != nil {
		return credential{}, refusal
	}
	inQuery, refusal := kindOfParameters(r.RawQuery, personal)
	if refusal != nil {
		return credential{}, refusal
	}
	for _, kind := range [...]credentialKind{kindOfCookies(r.Header["Cookie"]), inQuery, kindOfHeaders(r.Header)} {
		if found.kind, refusal = oneKind(found.kind, kind); refusal != nil {
			return credential{}, refusal
		}
	}
	return found, nil
}

// oneKind adds a kind to what was found before; there may be one.
func oneKind(found, kind credentialKind) (credentialKind, *Refusal) {
	switch {
	case kind == noCredential || kind == found:
		return found, nil
	case found == noCredential:
		return kind, nil
	}
	return noCredential, refuse(http.StatusBadRequest, reasonAmbiguous, "the request carries two kinds of "+
		"credentials (Authorization, session cookie, os_ or OAuth parameters, trusted application); send one")
}

// sessionCookies are the names, in lower case, of cookies that log someone in.
var sessionCookies = map[string]bool{
	"jsessionid": true, "seraph.rememberme.cookie": true, "crowd.token_key": true, "studio.crowd.tokenkey": true,
	"cloud.session.token": true, "tenant.session.token": true, "jsessionidsso": true,
}

func kindOfCookies(lines []string) credentialKind {
	for _, line := range lines {
		for pair := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == ';' || r == ',' }) {
			name, _, _ := strings.Cut(pair, "=")
			if sessionCookies[strings.ToLower(strings.Trim(name, " \t\""))] {
				return sessionCredential
			}
		}
	}
	return noCredential
}

func kindOfHeaders(header http.Header) credentialKind {
	for name := range header {
		if len(name) >= len("X-Seraph-") && strings.HasPrefix(foldHeader(name), "x-seraph-trusted-app-") {
			return trustedAppCredential
		}
	}
	return noCredential
}

// kindOfParameters looks at the names of the parameters of a query or a form. Where personal credentials can pass, they
// must all be of one kind, and a token of ours has no place in a password, not even a malformed one.
func kindOfParameters(encoded string, personal bool) (found credentialKind, refusal *Refusal) {
	if encoded == "" {
		return noCredential, nil
	}
	for pair := range strings.SplitSeq(encoded, "&") {
		if pair == basicHint {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		kind := kindOfParameter(name, personal)
		if !personal && kind != noCredential {
			return kind, nil // it is refused, whatever else there is
		}
		if kind == parameterCredential && strings.HasPrefix(decodedValue(value), token.Prefix) {
			return noCredential, refuse(http.StatusBadRequest, reasonLeaked, "a token stands in a parameter: treat it as "+
				"leaked and rotate it. Send it as Authorization: Bearer <token>")
		}
		if found, refusal = oneKind(found, kind); refusal != nil {
			return noCredential, refusal
		}
	}
	return found, nil
}

func kindOfParameter(name string, personal bool) credentialKind {
	class := parameterKind(name)
	if personal && class != harmlessParameter && isAside(name) {
		return noCredential
	}
	switch class {
	case loginParameter:
		return parameterCredential
	case oauthParameter:
		return oauthCredential
	case jwtParameter:
		return otherCredential
	case harmlessParameter, impersonatingParameter:
	}
	return noCredential
}

// isAside tells parameters that only go with logging in, and are in honest requests of a browser with a session: where to
// go afterwards, and which request of an application its user is asked about (OAuth 1.0a is signed, and those are not).
func isAside(rawName string) bool {
	name := strings.ToLower(decodedName(rawName))
	switch name {
	case "oauth_token", "oauth_callback", "oauth_verifier":
		return true
	}
	return strings.HasPrefix(name, "os_") && name != "os_username" && name != "os_password"
}
