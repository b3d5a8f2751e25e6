// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

const maxSearchPage = 1000 // jira.search.views.default.max

// visibleIssues is what the user (nil: anonymous) may browse, in order of creation.
func (s *Server) visibleIssues(u *User) []*issue {
	var out []*issue
	for i := range maps.Values(s.issues) {
		if u.can(Browse, s.projects[i.project]) {
			out = append(out, i)
		}
	}
	slices.SortFunc(out, func(a, b *issue) int { return cmp.Compare(a.id, b.id) })
	return out
}

func getSearch(c *call) reply { return c.search(c.params) }

// postSearch is a POST that only reads; scripts use it for queries that are too long for a URL.
func postSearch(c *call) reply {
	var in struct {
		JQL                 string
		StartAt, MaxResults *int
	}
	if err := json.Unmarshal(c.body, &in); err != nil {
		return failure(http.StatusBadRequest, "The request body is not valid JSON")
	}
	params := url.Values{"jql": {in.JQL}}
	if in.StartAt != nil {
		params.Set("startAt", strconv.Itoa(*in.StartAt))
	}
	if in.MaxResults != nil {
		params.Set("maxResults", strconv.Itoa(*in.MaxResults))
	}
	return c.search(params)
}

func (c *call) search(params url.Values) reply {
	query, err := parseJQL(params.Get("jql"))
	if err != nil {
		return failure(http.StatusBadRequest, err.Error())
	}
	if err := c.s.resolve(query, c.who.user); err != nil {
		return failure(http.StatusBadRequest, err.Error())
	}
	var all []*issue
	for _, i := range c.s.visibleIssues(c.who.user) {
		if query.matches(i) && c.indexed(i) {
			all = append(all, i)
		}
	}
	if !params.Has("maxResults") {
		params = maps.Clone(params)
		params.Set("maxResults", "50")
	}
	found, start, size := paged(all, params, maxSearchPage)
	views := make([]any, len(found))
	for n, i := range found {
		views[n] = c.s.issueView(i)
	}
	return ok(object{
		"expand": "schema,names", "startAt": start, "maxResults": size, "total": len(all), "issues": views,
	})
}
