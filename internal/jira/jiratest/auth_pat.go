// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"net/http"
	"strings"
)

// byPAT refuses any Bearer value that is no live token of an active user: Jira has no fallback here.
func (c *call) byPAT() *reply {
	authorization := c.r.Header.Get("Authorization")
	if !hasScheme(authorization, "Bearer") {
		return nil
	}
	_, token, _ := strings.Cut(authorization, " ")
	if p := c.s.pats[strings.TrimSpace(token)]; p != nil && p.live(c.s.now()) {
		if u := c.s.userByKey(p.key); u != nil && !u.Inactive {
			p.used = c.s.now()
			c.become(u, viaPAT)
			return nil
		}
	}
	refusal := restMessage(http.StatusUnauthorized, "Client must be authenticated to access this resource.")
	refusal.header = c.challenge()
	return &refusal
}
