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
// are the decoded ones of the path.
func classify(r *Request, segments []string) (credential, *Refusal) {
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
	for _, kind := range [...]credentialKind{
		kindOfCookies(r.Header["Cookie"]), kindOfQuery(r.RawQuery), kindOfHeaders(r.Header),
	} {
		switch {
		case kind == noCredential || kind == found.kind:
		case found.kind == noCredential:
			found.kind = kind
		default:
			return credential{}, refuse(http.StatusBadRequest, reasonAmbiguous, "the request carries two kinds of "+
				"credentials (Authorization, session cookie, os_ or OAuth parameters, trusted application); send one")
		}
	}
	return found, nil
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

// kindOfQuery looks at the names of the query's parameters.
func kindOfQuery(rawQuery string) credentialKind {
	if rawQuery == "" {
		return noCredential
	}
	for pair := range strings.SplitSeq(rawQuery, "&") {
		switch name, _, _ := strings.Cut(pair, "="); parameterKind(name) {
		case loginParameter:
			return parameterCredential
		case oauthParameter:
			return oauthCredential
		case jwtParameter:
			return otherCredential
		case harmlessParameter, impersonatingParameter:
		}
	}
	return noCredential
}
