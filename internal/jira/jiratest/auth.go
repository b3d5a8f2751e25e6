// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"net/http"
)

// How a caller was recognised: Received.Via.
const (
	viaPAT        = "pat"
	viaOAuth2     = "oauth2"
	viaOAuth      = "oauth"
	viaParameters = "parameters"
	viaHeader     = "header"
	viaSession    = "session"
	viaBasic      = "basic"
	viaFault      = "fault"
)

// Values of X-Seraph-LoginReason.
const (
	reasonOK     = "OK"
	reasonFailed = "AUTHENTICATED_FAILED"
	reasonDenied = "AUTHENTICATION_DENIED"
)

// identity is whom Jira takes the caller for, and what it says about it in headers.
type identity struct {
	user    *User  // a copy; nil: anonymous
	via     string // empty: no credential decided
	final   bool   // anonymous, and no other credential is looked at
	session string // id of the session in use
	reason  string // X-Seraph-LoginReason
	denied  string // X-Authentication-Denied-Reason
	cookies []*http.Cookie
}

// authenticate looks at the credentials in the order of Jira's filters: first those of apps (personal access tokens,
// OAuth), then Seraph's login filter (parameters), then the authenticator (trusted header, session, Basic). The first
// that names a user wins, so a stray session cookie beats a Basic header. A refusal ends the request.
func (c *call) authenticate() *reply {
	for _, step := range []func() *reply{
		c.byAccessToken, c.byPAT, c.byOAuth, c.byParameters, c.byTrustedHeader, c.bySession, c.byBasic,
	} {
		if refusal := step(); refusal != nil {
			return refusal
		}
		if c.who.user != nil || c.who.final {
			return nil
		}
	}
	return nil
}

// become makes the caller u (nil: anonymous for good).
func (c *call) become(u *User, via string) {
	c.who.via, c.who.final = via, u == nil
	c.who.user = nil
	if u != nil {
		c.who.user = new(*u)
	}
}

// userName is the caller's name, empty when anonymous.
func (i identity) userName() string {
	if i.user == nil {
		return ""
	}
	return i.user.Name
}

// checkPassword returns the user, or the reason why not. After too many wrong passwords in a row Jira wants a CAPTCHA
// and refuses the right one too.
func (s *Server) checkPassword(name, password string) (u *User, denied string) {
	bound := s.config.MaxLoginFailures
	if bound > 0 && s.failures[fold(name)] >= bound {
		return nil, reasonDenied
	}
	u = s.loginUser(name)
	if u == nil || u.Password == "" || !equalSecrets(u.Password, password) {
		if s.users[fold(name)] != nil { // names that are none are not counted: they would grow without end
			s.failures[fold(name)]++
		}
		return nil, reasonFailed
	}
	delete(s.failures, fold(name))
	return u, ""
}

// captcha is what X-Authentication-Denied-Reason says.
func (c *call) captcha() string { return "CAPTCHA_CHALLENGE; login-url=" + c.s.base + "/login.jsp" }
