// SPDX-License-Identifier: Apache-2.0

package jiratest

// bySession takes the user from the session cookie. An unknown cookie is no error: the caller is just anonymous.
func (c *call) bySession() *reply {
	for _, cookie := range c.r.CookiesNamed(sessionCookie) {
		key, known := c.s.sessions.keys[cookie.Value]
		if !known {
			continue
		}
		if u := c.s.userByKey(key); u != nil && !u.Inactive {
			c.who.session = cookie.Value
			c.who.reason = reasonOK
			c.become(u, viaSession)
			return nil
		}
	}
	return nil
}
