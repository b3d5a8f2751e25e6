// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Issue is what AddIssue takes.
type Issue struct {
	Key         string // "DEMO-7", or "DEMO" for the project's next number; the project comes into being if need be
	Summary     string
	Description string
	Reporter    string // a user's name; empty: none
}

// issue is an issue as it is kept.
type issue struct {
	id               int64
	key, project     string
	reporter         string // key of a user
	created, updated time.Time
	fields           map[string]any
	comments         []*comment
	worklogs         []*worklog
	properties       map[string]json.RawMessage
	files            []int64
	node             string // of the cluster, where it was created
}

// AddIssue adds an issue and returns its key. It panics on a key that is none.
func (s *Server) AddIssue(i Issue) (key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	projectKey, number, numbered := strings.Cut(strings.ToUpper(i.Key), "-")
	n, err := strconv.Atoi(number)
	if projectKey == "" || (numbered && (err != nil || n < 1)) {
		panic("jiratest: issue key " + i.Key + ": must be like DEMO-7 or DEMO")
	}
	p := s.projects[projectKey]
	if p == nil {
		p = s.putProject(Project{Key: projectKey})
	}
	made := s.putIssue(p, n, map[string]any{"summary": i.Summary, "description": i.Description})
	if u := s.users[fold(i.Reporter)]; u != nil {
		made.reporter = u.Key
	}
	return made.key
}

// putIssue makes an issue; number 0: the next one.
func (s *Server) putIssue(p *Project, number int, fields map[string]any) *issue {
	if number == 0 {
		number = p.counter + 1
	}
	p.counter = max(p.counter, number)
	i := &issue{
		id: s.nextID(), key: fmt.Sprintf("%s-%d", p.Key, number), project: p.Key, created: s.now(), updated: s.now(),
		fields: maps.Clone(fields), properties: map[string]json.RawMessage{},
	}
	s.issues[i.key] = i
	return i
}

func (i *issue) summary() string { return i.text("summary") }

func (i *issue) text(field string) string {
	s, _ := i.fields[field].(string)
	return s
}

// findIssue is the issue of the path's first {} if the caller has the permission, and otherwise Jira's refusal.
func (c *call) findIssue(p Permission) (*issue, *reply) {
	i := c.s.issueByIDOrKey(c.args[0])
	if i == nil {
		return nil, new(failure(http.StatusNotFound, "Issue Does Not Exist"))
	}
	project := c.s.projects[i.project]
	if !c.who.user.can(Browse, project) {
		return nil, c.forbidden("You do not have the permission to see the specified issue.")
	}
	if p != Browse && !c.who.user.can(p, project) {
		return nil, c.forbidden("You do not have permission to edit issues in this project.")
	}
	return i, nil
}

// forbidden is 401 for anonymous callers, who could log in, and 403 for others.
func (c *call) forbidden(message string) *reply {
	if c.who.user != nil {
		return new(failure(http.StatusForbidden, message))
	}
	r := failure(http.StatusUnauthorized, message, "Login Required")
	r.header = c.challenge()
	return &r
}

func (s *Server) issueByIDOrKey(name string) *issue {
	if i := s.issues[strings.ToUpper(name)]; i != nil {
		return i
	}
	for _, i := range s.issues {
		if itoa(i.id) == name {
			return i
		}
	}
	return nil
}

func (s *Server) issueSelf(i *issue) string { return s.base + "/rest/api/2/issue/" + itoa(i.id) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
