// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"encoding/json"
	"fmt"
	"net/http"
)

func postUser(c *call) reply {
	if refusal := c.adminOnly(); refusal != nil {
		return *refusal
	}
	var in struct{ Name, Password, DisplayName, EmailAddress string }
	if err := json.Unmarshal(c.body, &in); err != nil || in.Name == "" {
		return fieldFailure("username", "You must specify a username.")
	}
	if c.s.users[fold(in.Name)] != nil {
		return fieldFailure("username", "A user with that username already exists.")
	}
	u := &User{
		Name: in.Name, Password: in.Password, DisplayName: in.DisplayName, Email: in.EmailAddress,
		Key: fmt.Sprintf("JIRAUSER%d", c.s.nextID()),
	}
	c.s.users[fold(u.Name)] = u
	out := rendered(reply{status: http.StatusCreated, body: c.s.userFull(u, false)})
	out.header = http.Header{"Location": {c.s.userSelf(u)}}
	return out
}

// listPlugins hands out the token that installs apps: the GET that is not harmless.
func listPlugins(c *call) reply {
	if refusal := c.adminOnly(); refusal != nil {
		return *refusal
	}
	out := ok(object{"plugins": []any{}, "links": object{"self": c.s.base + "/rest/plugins/1.0/"}})
	out.header = http.Header{"Upm-Token": {randomSessionID()}}
	return out
}

// adminDone is any operation of which only the permission matters here.
func adminDone(c *call) reply {
	if refusal := c.adminOnly(); refusal != nil {
		return *refusal
	}
	return ok(object{})
}
