// SPDX-License-Identifier: Apache-2.0

package jiratest

// trustedHeader is the set-up of a header authenticator.
type trustedHeader struct{ name, secretName, secret string }

// SetTrustedHeader installs a header authenticator: the header `name` says who the caller is, provided that the header
// `secretName` carries the secret. Without it, with a wrong one, or for a user that may not log in, the header is
// ignored, so the caller ends up anonymous. It panics if one of the three is empty: that would trust everybody.
func (s *Server) SetTrustedHeader(name, secretName, secret string) {
	if name == "" || secretName == "" || secret == "" {
		panic("jiratest: a trusted header needs a name, the secret's header name and the secret")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trusted = trustedHeader{name, secretName, secret}
}

// BelieveHeader installs a header authenticator as it must not be: it believes the header from whoever sends it.
func (s *Server) BelieveHeader(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trusted = trustedHeader{name: name}
}

// byTrustedHeader reads the first value of each header, as getHeader does in a servlet.
func (c *call) byTrustedHeader() *reply {
	t := c.s.trusted
	if t.name == "" || t.secretName != "" && !equalSecrets(c.r.Header.Get(t.secretName), t.secret) {
		return nil
	}
	if u := c.s.loginUser(c.r.Header.Get(t.name)); u != nil {
		c.become(u, viaHeader)
	}
	return nil
}
