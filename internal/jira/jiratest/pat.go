// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"crypto/rand"
	"encoding/base64"
	"time"
)

// PAT is one of Jira's own personal access tokens.
type PAT struct {
	User    string    // name; required
	Name    string    // what the user called it
	Token   string    // empty: a random one
	Expires time.Time // zero: never

	id      int64
	key     string // of the user: survives a rename
	created time.Time
	used    time.Time
}

// AddPAT gives the user a new token that does not expire. It panics if there is no such user.
func (s *Server) AddPAT(user string) (token string) { return s.PutPAT(PAT{User: user}) }

// PutPAT adds a token as described and returns its secret. It panics if there is no such user.
func (s *Server) PutPAT(p PAT) (token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[fold(p.User)]
	if u == nil {
		panic("jiratest: no user " + p.User)
	}
	return s.putPAT(u, p).Token
}

func (s *Server) putPAT(u *User, p PAT) *PAT {
	if p.Token == "" {
		p.Token = randomToken()
	}
	p.id, p.key, p.created = s.nextID(), u.Key, s.now()
	s.pats[p.Token] = &p
	return &p
}

// RevokePAT makes the token worthless. Unknown tokens are none already.
func (s *Server) RevokePAT(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pats, token)
}

func (p *PAT) live(now time.Time) bool { return p.Expires.IsZero() || now.Before(p.Expires) }

// randomToken looks like Jira's: 44 characters of base64.
func randomToken() string {
	b := make([]byte, 33)
	_, _ = rand.Read(b) // never fails: it ends the program instead
	return base64.StdEncoding.EncodeToString(b)
}
