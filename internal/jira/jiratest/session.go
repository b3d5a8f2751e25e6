// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
)

const (
	sessionCookie = "JSESSIONID"
	xsrfCookie    = "atlassian.xsrf.token"
	maxSessions   = 10000 // bounds memory in long runs: the oldest go first
)

// sessionStore maps session ids to the keys of users.
type sessionStore struct {
	keys  map[string]string
	order []string
}

func newSessionStore() sessionStore { return sessionStore{keys: map[string]string{}} }

func (s *sessionStore) add(key string) (id string) {
	if len(s.order) >= maxSessions {
		delete(s.keys, s.order[0])
		s.order = s.order[1:]
	}
	id = randomSessionID()
	s.keys[id] = key
	s.order = append(s.order, id)
	return id
}

func randomSessionID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails: it ends the program instead
	return strings.ToUpper(hex.EncodeToString(b))
}

// AddSession logs the user in and returns the value for the JSESSIONID cookie. It panics if there is no such user.
func (s *Server) AddSession(user string) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[fold(user)]
	if u == nil {
		panic("jiratest: no user " + user)
	}
	return s.sessions.add(u.Key)
}

// sessionCookies is what Jira sets when it has made a session, be it an anonymous one.
func (c *call) sessionCookies(id string) []*http.Cookie {
	path := c.s.config.ContextPath
	if path == "" {
		path = "/"
	}
	state := "lout"
	if c.who.user != nil {
		state = "lin"
	}
	secure := strings.HasPrefix(c.s.base, "https:")
	token := "BSTI-NSTN-" + id[:8] + "_" + strings.ToLower(id) + "_" + state
	return []*http.Cookie{
		{Name: sessionCookie, Value: id, Path: path, HttpOnly: true, Secure: secure}, //nolint:gosec // as Jira sets it
		{Name: xsrfCookie, Value: token, Path: path, Secure: secure},                 //nolint:gosec // as Jira sets it
	}
}

// mintSession gives callers without a session of their own a cookie, as Jira does even to scripts and anonymous
// callers; not to personal access tokens, which are stateless.
func (c *call) mintSession() {
	if c.who.via == viaPAT || c.who.session != "" {
		return
	}
	id := randomSessionID() // an anonymous session has nothing to remember
	if c.who.user != nil {
		id = c.s.sessions.add(c.who.user.Key)
	}
	c.who.session, c.who.cookies = id, c.sessionCookies(id)
}
