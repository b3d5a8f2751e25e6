// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Project holds issues.
type Project struct {
	Key    string // required; kept in upper case
	Name   string // empty: Key
	Public bool   // anonymous callers and users without Browse may see it

	id      int64
	counter int
}

// AddProject adds a project or replaces the one of that key; its issues stay.
func (s *Server) AddProject(p Project) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.putProject(p)
}

func (s *Server) putProject(p Project) *Project {
	p.Key = strings.ToUpper(p.Key)
	if p.Name == "" {
		p.Name = p.Key
	}
	p.id = s.nextID()
	if old := s.projects[p.Key]; old != nil {
		p.id, p.counter = old.id, old.counter
	}
	s.projects[p.Key] = &p
	return &p
}

func (s *Server) projectRef(p *Project) object {
	return object{
		"self": s.base + "/rest/api/2/project/" + p.Key, "id": itoa(p.id), "key": p.Key, "name": p.Name,
		"projectTypeKey": "software",
	}
}

func listProjects(c *call) reply {
	out := []any{}
	for _, key := range slices.Sorted(maps.Keys(c.s.projects)) {
		if p := c.s.projects[key]; c.who.user.can(Browse, p) {
			out = append(out, c.s.projectRef(p))
		}
	}
	return ok(out)
}

func getProject(c *call) reply {
	p := c.s.projects[strings.ToUpper(c.args[0])]
	if p == nil || !c.who.user.can(Browse, p) {
		return failure(http.StatusNotFound, "No project could be found with key '"+c.args[0]+"'.")
	}
	return ok(c.s.projectRef(p))
}

// listFields is what client libraries fetch to translate field names.
func listFields(*call) reply {
	out := []any{}
	for _, id := range []string{"summary", "description", "status", "project", "reporter", "assignee", "comment"} {
		out = append(out, object{
			"id": id, "name": strings.ToUpper(id[:1]) + id[1:], "custom": false, "orderable": true, "navigable": true,
			"searchable": true, "clauseNames": []string{id},
		})
	}
	return ok(out)
}
