// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

func (p *PAT) view() object {
	out := object{"id": p.id, "name": p.Name, "createdAt": jiraTime(p.created)}
	if !p.Expires.IsZero() {
		out["expiringAt"] = jiraTime(p.Expires)
	}
	if !p.used.IsZero() {
		out["lastAccessedAt"] = jiraTime(p.used.Truncate(time.Minute)) // kept to the minute
	}
	return out
}

func listPATs(c *call) reply {
	if c.who.user == nil {
		return loginRequired(c)
	}
	var mine []*PAT
	for _, p := range c.s.pats {
		if p.key == c.who.user.Key {
			mine = append(mine, p)
		}
	}
	slices.SortFunc(mine, func(a, b *PAT) int { return cmp.Compare(a.id, b.id) })
	out := make([]any, len(mine))
	for i, p := range mine {
		out[i] = p.view()
	}
	return ok(out)
}

func createPAT(c *call) reply {
	if c.who.user == nil {
		return loginRequired(c)
	}
	var in struct {
		Name               string `json:"name"`
		ExpirationDuration int    `json:"expirationDuration"` // days; 0: never
	}
	if err := json.Unmarshal(c.body, &in); err != nil || in.Name == "" || in.ExpirationDuration < 0 {
		return failure(http.StatusBadRequest, "The token needs a name, and a duration that is not negative.")
	}
	p := PAT{User: c.who.user.Name, Name: in.Name}
	if in.ExpirationDuration > 0 {
		p.Expires = c.s.now().AddDate(0, 0, in.ExpirationDuration)
	}
	made := c.s.putPAT(c.who.user, p)
	out := made.view()
	out["rawToken"] = made.Token
	return reply{status: http.StatusCreated, body: out}
}

func deletePAT(c *call) reply {
	if c.who.user == nil {
		return loginRequired(c)
	}
	for token, p := range c.s.pats {
		if p.key == c.who.user.Key && strconv.FormatInt(p.id, 10) == c.args[0] {
			delete(c.s.pats, token)
			return reply{status: http.StatusNoContent}
		}
	}
	return restMessage(http.StatusNotFound, "Token not found")
}
