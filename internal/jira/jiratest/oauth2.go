// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// ServiceAccount is a client of Jira's OAuth 2.0 by client credentials (Jira Data Center 10.3 and later).
type ServiceAccount struct {
	ClientID, ClientSecret string        // required
	User                   string        // whom requests are taken for; required
	Scope                  string        // the most it can have, READ or WRITE; empty: WRITE
	Lifetime               time.Duration // of access tokens; 0: an hour
}

type accessToken struct {
	client, user string
	write        bool
	expires      time.Time
}

// PutServiceAccount adds or replaces the client. Tokens that it has already go on working.
func (s *Server) PutServiceAccount(a ServiceAccount) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.Scope == "" {
		a.Scope = "WRITE"
	}
	if a.Lifetime == 0 {
		a.Lifetime = time.Hour
	}
	s.clients[a.ClientID] = &a
}

// RevokeAccessTokens makes all access tokens worthless. New ones can be fetched.
func (s *Server) RevokeAccessTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// postAccessToken is the token endpoint, RFC 6749, section 4.4.
func postAccessToken(c *call) reply {
	client := c.s.clients[c.params.Get("client_id")]
	scope := c.params.Get("scope")
	switch {
	case strings.Contains(c.target.rawQuery, "client_"): // secrets don't belong into URLs
		return tokenError(http.StatusBadRequest, "invalid_request")
	case c.params.Get("grant_type") != "client_credentials":
		return tokenError(http.StatusBadRequest, "unsupported_grant_type")
	case client == nil || !equalSecrets(client.ClientSecret, c.params.Get("client_secret")):
		return tokenError(http.StatusUnauthorized, "invalid_client")
	case scope != "READ" && scope != client.Scope:
		return tokenError(http.StatusBadRequest, "invalid_scope")
	}
	value := randomToken()
	c.s.tokens[value] = &accessToken{
		client: client.ClientID, user: client.User, write: scope == "WRITE", expires: c.s.now().Add(client.Lifetime),
	}
	return ok(object{
		"access_token": value, "token_type": "Bearer", "expires_in": int(client.Lifetime / time.Second), "scope": scope,
	})
}

func tokenError(status int, code string) reply {
	return rendered(reply{status: status, body: object{"error": code, "error_description": "what a person may read"}})
}

// isTokenRequest: a form is what this endpoint takes, and nobody's browser is logged in there.
func (c *call) isTokenRequest() bool {
	return c.r.Method == http.MethodPost && slices.Equal(resourcePath(c.path), []string{"rest", "oauth2", "latest", "token"})
}

// byAccessToken lets an access token reach what a service account may: paths below /rest/api/2/, reading unless the scope
// is WRITE, and nothing that takes an administrator. A Bearer value that is none is left to personal access tokens.
func (c *call) byAccessToken() *reply {
	scheme, value, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	token := c.s.tokens[strings.TrimSpace(value)]
	if !strings.EqualFold(scheme, "Bearer") || token == nil || !c.s.now().Before(token.expires) {
		return nil
	}
	u := c.s.loginUser(token.user)
	if u == nil || c.s.clients[token.client] == nil {
		return nil
	}
	path := resourcePath(c.path)
	reading := c.r.Method == http.MethodGet || c.r.Method == http.MethodHead
	if len(path) < 4 || !slices.Equal(path[:3], []string{"rest", "api", "2"}) || !reading && !token.write {
		return new(restMessage(http.StatusForbidden, "The access token does not have the scope that this resource needs."))
	}
	c.become(u, viaOAuth2)
	c.who.user.Permissions &^= Admin
	return nil
}
