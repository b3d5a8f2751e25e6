// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"net/http"
	"net/url"
)

type object = map[string]any

// userRef is the short form of a user in other resources.
func (s *Server) userRef(u *User) object {
	if u == nil {
		return nil
	}
	return object{
		"self": s.userSelf(u), "name": u.Name, "key": u.Key, "emailAddress": u.Email,
		"avatarUrls":  object{"48x48": s.base + "/secure/useravatar?ownerId=" + url.QueryEscape(u.Key)},
		"displayName": u.DisplayName, "active": !u.Inactive, "timeZone": "Etc/UTC",
	}
}

func (s *Server) userSelf(u *User) string {
	return s.base + "/rest/api/2/user?username=" + url.QueryEscape(u.Name)
}

func (s *Server) userFull(u *User, expandGroups bool) object {
	out := s.userRef(u)
	groups := object{"size": len(u.Groups), "items": []any{}}
	if expandGroups {
		items := make([]any, len(u.Groups))
		for i, g := range u.Groups {
			items[i] = object{"name": g, "self": s.base + "/rest/api/2/group?groupname=" + url.QueryEscape(g)}
		}
		groups["items"] = items
	}
	out["locale"], out["groups"], out["expand"] = "en_US", groups, "groups,applicationRoles"
	return out
}

func getMyself(c *call) reply {
	if c.who.user == nil {
		return loginRequired(c)
	}
	return ok(c.s.userFull(c.who.user, c.params.Get("expand") == "groups"))
}

func getUser(c *call) reply {
	if c.who.user == nil {
		return loginRequired(c)
	}
	name, key := c.params.Get("username"), c.params.Get("key")
	var u *User
	switch {
	case name != "":
		u = c.s.users[fold(name)]
	case key != "":
		u = c.s.userByKey(key)
	default:
		return failure(http.StatusBadRequest, "Either the 'username' or the 'key' query parameters need to be provided")
	}
	if u == nil && name != "" {
		return failure(http.StatusNotFound, "The user named '"+name+"' does not exist")
	}
	if u == nil {
		return failure(http.StatusNotFound, "The user with the key '"+key+"' does not exist")
	}
	return ok(c.s.userFull(u, c.params.Get("expand") == "groups"))
}

// getServerInfo needs no login: clients call it first to learn the version.
func getServerInfo(c *call) reply {
	return ok(object{
		"baseUrl": c.s.base, "version": "9.12.15", "versionNumbers": []int{9, 12, 15}, "deploymentType": "Server",
		"buildNumber": 9120015, "buildDate": "2024-10-30T00:00:00.000+0000", "serverTitle": "Stand-in Jira",
		"databaseBuildNumber": 9120015, "serverTime": jiraTime(c.s.now()), "scmInfo": "stand-in",
	})
}
