// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"crypto/rsa"
	"net/http"
	"strings"
)

// SetOAuthConsumer adds an incoming application link: OAuth 1.0a, two-legged with impersonation allowed. The key
// verifies RSA-SHA1 and RSA-SHA256 signatures; it needs 1024 bits at least. A nil key removes the consumer.
func (s *Server) SetOAuthConsumer(consumerKey string, key *rsa.PublicKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key == nil {
		delete(s.consumers, consumerKey)
		return
	}
	s.consumers[consumerKey] = key
}

// oauthNames are the parameters that make a request an OAuth attempt. If one is missing, Jira sees no OAuth at all and
// goes on to the next credential: usually to anonymous. oauth_token must be there, and empty for two legs.
var oauthNames = []string{
	"oauth_consumer_key", "oauth_token", "oauth_signature_method", "oauth_signature", "oauth_timestamp", "oauth_nonce",
}

// byOAuth follows AuthenticatorImpl of Atlassian's OAuth service provider plugin, its fallbacks included.
func (c *call) byOAuth() *reply {
	all := append(oauthHeader(c.r.Header.Get("Authorization")), c.pairs...)
	oauth := first(all)
	for _, name := range oauthNames {
		if !oauth.Has(name) {
			return nil
		}
	}
	if oauth.Get("oauth_token") != "" { // three legs: this Jira has handed out no such token
		return c.oauthRefusal("token_rejected")
	}
	if problem := c.s.verifyOAuth(c.r.Method, c.target.rawPath, all, oauth); problem != "" {
		return c.oauthRefusal(problem)
	}
	return c.impersonate()
}

// impersonate finds the user of a verified request. The parameter is read as a request parameter: from query or form,
// never from the Authorization header.
func (c *call) impersonate() *reply {
	name, given := c.firstParam("xoauth_requestor_id", "user_id")
	if !given {
		c.become(nil, viaOAuth) // two-legged without impersonation, no executing user: anonymous, and content with it
		return nil
	}
	u := c.s.users[fold(name)]
	if u != nil && u.Inactive {
		return c.oauthRefusal("permission_denied")
	}
	c.become(u, viaOAuth) // a name that is none resolves to nobody: anonymous, without an error
	return nil
}

func (c *call) firstParam(names ...string) (string, bool) {
	for _, name := range names {
		if c.params.Has(name) {
			return c.params.Get(name), true
		}
	}
	return "", false
}

// oauthStatus is the reply's status for each problem, after net.oauth's own table; what is not here is 401.
var oauthStatus = map[string]int{
	"version_rejected": http.StatusBadRequest, "parameter_rejected": http.StatusBadRequest,
	"timestamp_refused": http.StatusBadRequest, "signature_method_rejected": http.StatusBadRequest,
}

func (c *call) oauthRefusal(problem string) *reply {
	status := oauthStatus[problem]
	if status == 0 {
		status = http.StatusUnauthorized
	}
	h := http.Header{"Www-Authenticate": {
		`OAuth realm="` + percentEncode(c.s.base) + `", oauth_problem="` + problem + `"`,
	}}
	body := []byte("oauth_problem=" + problem)
	return &reply{status: status, header: h, contentType: "text/plain;charset=UTF-8", raw: body}
}

// oauthHeader is the parameters of an `Authorization: OAuth …` header, without the realm, which is not signed.
func oauthHeader(authorization string) []pair {
	if !hasScheme(authorization, "OAuth") {
		return nil
	}
	var out []pair
	_, list, _ := strings.Cut(authorization, " ")
	for item := range strings.SplitSeq(list, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(item), "=")
		value = strings.TrimSuffix(strings.TrimPrefix(value, `"`), `"`)
		if name != "" && !strings.EqualFold(name, "realm") {
			out = append(out, pair{percentDecode(name), percentDecode(value)})
		}
	}
	return out
}
