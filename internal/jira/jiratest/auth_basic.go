// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"crypto/subtle"
	"net/http"
	"strings"
)

// byBasic is Seraph's Basic: wrong credentials are refused at once, on every path, with an HTML page.
func (c *call) byBasic() *reply {
	if !hasScheme(c.r.Header.Get("Authorization"), "Basic") {
		return nil
	}
	name, password, _ := c.r.BasicAuth() // what can't be decoded is an empty name, which no user has
	u, denied := c.s.checkPassword(name, password)
	if denied == "" {
		c.become(u, viaBasic)
		c.who.reason = reasonOK
		return nil
	}
	c.who.reason = denied
	status, title := http.StatusUnauthorized, "Unauthorized (401)"
	if denied == reasonDenied {
		status, title = http.StatusForbidden, "Forbidden (403)"
		c.who.denied = c.captcha()
	}
	refusal := page(status, title, "Basic Authentication Failure - Reason : "+denied)
	if status == http.StatusUnauthorized {
		refusal.header = c.challenge()
	}
	return &refusal
}

// byParameters is Seraph's login filter: a wrong password there is stamped but refuses nothing.
func (c *call) byParameters() *reply {
	name := c.params.Get("os_username")
	if name == "" || c.isLogin() {
		return nil
	}
	u, denied := c.s.checkPassword(name, c.params.Get("os_password"))
	c.who.reason = reasonOK
	if denied != "" {
		c.who.reason = denied
		return nil
	}
	c.become(u, viaParameters)
	return nil
}

// isLogin: these check os_username themselves; checking twice would count a wrong password twice.
func (c *call) isLogin() bool {
	path := strings.Join(c.path, "/")
	return c.r.Method == http.MethodPost && (path == "login.jsp" || path == "rest/gadget/1.0/login")
}

// challenge is the WWW-Authenticate that Jira sends along with a 401.
func (c *call) challenge() http.Header {
	return http.Header{"Www-Authenticate": {`OAuth realm="` + percentEncode(c.s.base) + `"`}}
}

func hasScheme(authorization, scheme string) bool {
	word, _, _ := strings.Cut(authorization, " ")
	return strings.EqualFold(word, scheme)
}

func equalSecrets(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
