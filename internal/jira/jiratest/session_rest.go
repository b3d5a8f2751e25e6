// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"encoding/json"
	"net/http"
)

func getSession(c *call) reply {
	if c.who.user == nil {
		return failure(http.StatusUnauthorized,
			"You are not authenticated. Authentication required to perform this operation.")
	}
	return ok(object{
		"self": c.s.userSelf(c.who.user), "name": c.who.user.Name, "loginInfo": object{"loginCount": 1},
	})
}

// postSession logs in with a JSON body and mints a session.
func postSession(c *call) reply {
	var in struct{ Username, Password string }
	if err := json.Unmarshal(c.body, &in); err != nil {
		return failure(http.StatusBadRequest, "The request body is not valid JSON")
	}
	id, refusal := c.logIn(in.Username, in.Password)
	if refusal != nil {
		return *refusal
	}
	return ok(object{
		"session":   object{"name": sessionCookie, "value": id},
		"loginInfo": object{"failedLoginCount": 0, "loginCount": 1},
	})
}

func deleteSession(c *call) reply {
	if c.who.user == nil {
		return failure(http.StatusUnauthorized,
			"You are not authenticated. Authentication required to perform this operation.")
	}
	delete(c.s.sessions.keys, c.who.session)
	return reply{status: http.StatusNoContent}
}

// postGadgetLogin is the other login below /rest: a form with os_username and os_password.
func postGadgetLogin(c *call) reply {
	_, refusal := c.logIn(c.params.Get("os_username"), c.params.Get("os_password"))
	return ok(object{"loginSucceeded": refusal == nil, "captchaFailure": false})
}

// postLoginPage is the browser's login form.
func postLoginPage(c *call) reply {
	if _, refusal := c.logIn(c.params.Get("os_username"), c.params.Get("os_password")); refusal != nil {
		return c.loginPage("Sorry, your username and password are incorrect - please try again.")
	}
	return redirect(c.s.base + "/secure/Dashboard.jspa")
}

// logIn checks name and password and starts a session.
func (c *call) logIn(name, password string) (id string, refusal *reply) {
	u, denied := c.s.checkPassword(name, password)
	if denied != "" {
		c.who.reason, c.who.denied = denied, ""
		if denied == reasonDenied {
			c.who.denied = c.captcha()
			return "", new(failure(http.StatusForbidden, "Login denied"))
		}
		return "", new(failure(http.StatusUnauthorized, "Login failed"))
	}
	c.become(u, viaSession)
	c.who.reason = reasonOK
	id = c.s.sessions.add(u.Key)
	c.who.session, c.who.cookies = id, c.sessionCookies(id)
	return id, nil
}
