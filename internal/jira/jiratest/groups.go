// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

const maxGroupPage = 50 // Jira's page size for group members, also its upper bound

// Group is a group; who is in it stands in User.Groups. Members of Subgroups are members too, at any depth.
type Group struct {
	Name      string
	Subgroups []string
}

// AddGroup adds a group or replaces the one of that name. Groups that users name come into being by themselves.
func (s *Server) AddGroup(g Group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.Subgroups = slices.Clone(g.Subgroups)
	s.groups[fold(g.Name)] = &g
	for _, sub := range g.Subgroups {
		s.ensureGroup(sub)
	}
}

// RemoveGroup deletes a group, and nobody is in it any more. It stays named as a sub-group of others, where it means nothing.
func (s *Server) RemoveGroup(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.groups, fold(name))
	for _, u := range s.users {
		u.leave(name)
	}
}

func (s *Server) ensureGroup(name string) {
	if s.groups[fold(name)] == nil {
		s.groups[fold(name)] = &Group{Name: name}
	}
}

// withSubgroups is the folded names of a group and all below it. Circles are allowed.
func (s *Server) withSubgroups(name string) map[string]bool {
	seen := map[string]bool{}
	for queue := []string{fold(name)}; len(queue) > 0; queue = queue[1:] {
		g := s.groups[queue[0]]
		if g == nil || seen[queue[0]] {
			continue
		}
		seen[queue[0]] = true
		for _, sub := range g.Subgroups {
			queue = append(queue, fold(sub))
		}
	}
	return seen
}

func (s *Server) members(group string, inactiveToo bool) []*User {
	groups := s.withSubgroups(group)
	in := func(g string) bool { return groups[fold(g)] }
	var out []*User
	for _, u := range s.sortedUsers() {
		if slices.ContainsFunc(u.Groups, in) && (inactiveToo || !u.Inactive) {
			out = append(out, u)
		}
	}
	return out
}

func getGroupMembers(c *call) reply {
	if refusal := c.adminOnly(); refusal != nil {
		return *refusal
	}
	name := c.params.Get("groupname")
	if name == "" {
		return failure(http.StatusBadRequest, "The 'groupname' query parameter needs to be provided")
	}
	if c.s.groups[fold(name)] == nil {
		return failure(http.StatusNotFound, "The group named '"+name+"' does not exist.")
	}
	inactive := c.params.Get("includeInactiveUsers") == "true"
	all := c.s.members(name, inactive)
	page, start, size := paged(all, c.params, maxGroupPage)
	values := make([]any, len(page))
	for i, u := range page {
		values[i] = c.s.userRef(u)
	}
	link := func(at int) string {
		return c.s.base + "/rest/api/2/group/member?includeInactiveUsers=" + strconv.FormatBool(inactive) + "&maxResults=" +
			strconv.Itoa(size) + "&groupname=" + url.QueryEscape(name) + "&startAt=" + strconv.Itoa(at)
	}
	out := object{
		"self": link(start), "maxResults": size, "startAt": start, "total": len(all),
		"isLast": start+len(page) >= len(all), "values": values,
	}
	if start+len(page) < len(all) {
		out["nextPage"] = link(start + len(page))
	}
	return ok(out)
}

// groupMember checks what both changes of a group need.
func groupMember(c *call, user string) (*User, *reply) {
	if refusal := c.adminOnly(); refusal != nil {
		return nil, refusal
	}
	if name := c.params.Get("groupname"); c.s.groups[fold(name)] == nil {
		return nil, new(failure(http.StatusNotFound, "Group '"+name+"' does not exist."))
	}
	u := c.s.users[fold(user)]
	if u == nil {
		return nil, new(failure(http.StatusNotFound, "The user named '"+user+"' does not exist"))
	}
	return u, nil
}

func postGroupUser(c *call) reply {
	var in struct{ Name string }
	if err := json.Unmarshal(c.body, &in); err != nil {
		return failure(http.StatusBadRequest, "The user to be added is missing")
	}
	u, refusal := groupMember(c, in.Name)
	if refusal != nil {
		return *refusal
	}
	name := c.params.Get("groupname")
	if u.in(name) {
		return failure(http.StatusBadRequest, "Cannot add user '"+u.Name+"', user is already a member of '"+name+"'")
	}
	u.Groups = append(slices.Clone(u.Groups), name)
	return rendered(reply{status: http.StatusCreated, body: object{"name": name}})
}

func deleteGroupUser(c *call) reply {
	u, refusal := groupMember(c, c.params.Get("username"))
	if refusal != nil {
		return *refusal
	}
	name := c.params.Get("groupname")
	if !u.in(name) {
		return failure(http.StatusBadRequest, "Cannot remove user '"+u.Name+"' from group '"+name+"' since user is not a member")
	}
	u.leave(name)
	return reply{status: http.StatusOK}
}

func (u *User) in(group string) bool {
	return slices.ContainsFunc(u.Groups, func(g string) bool { return fold(g) == fold(group) })
}

func (u *User) leave(group string) {
	u.Groups = slices.DeleteFunc(slices.Clone(u.Groups), func(g string) bool { return fold(g) == fold(group) })
}

// paged cuts one page out of all by startAt and maxResults, and says where it starts and how big it could be. A
// maxResults beyond the bound is cut down without a word, as Jira does.
func paged[T any](all []T, params url.Values, bound int) (page []T, start, size int) {
	start = max(atoi(params.Get("startAt"), 0), 0)
	size = min(atoi(params.Get("maxResults"), bound), bound)
	if size < 0 {
		size = bound
	}
	from := min(start, len(all))
	return all[from:min(from+size, len(all))], start, size
}

func atoi(s string, otherwise int) int {
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	return otherwise
}
