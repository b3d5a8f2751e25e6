// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

type worklog struct {
	id      int64
	author  string // key of a user
	comment string
	seconds int64
	created time.Time
}

func (s *Server) worklogSelf(i *issue, w *worklog) string {
	return s.issueSelf(i) + "/worklog/" + itoa(w.id)
}

func (s *Server) worklogView(i *issue, w *worklog) object {
	author := s.userRef(s.userByKey(w.author))
	return object{
		"self": s.worklogSelf(i, w), "id": itoa(w.id), "issueId": itoa(i.id), "author": author,
		"updateAuthor": author, "comment": w.comment, "timeSpentSeconds": w.seconds,
		"timeSpent": time.Duration(w.seconds * int64(time.Second)).String(),
		"created":   jiraTime(w.created), "updated": jiraTime(w.created), "started": jiraTime(w.created),
	}
}

func (s *Server) worklogPage(i *issue) object {
	list := make([]any, len(i.worklogs))
	for n, w := range i.worklogs {
		list[n] = s.worklogView(i, w)
	}
	return object{"worklogs": list, "startAt": 0, "maxResults": len(list), "total": len(list)}
}

func listWorklogs(c *call) reply {
	i, refusal := c.findIssue(Browse)
	if refusal != nil {
		return *refusal
	}
	return ok(c.s.worklogPage(i))
}

func addWorklog(c *call) reply {
	i, refusal := c.findIssue(Edit)
	if refusal != nil {
		return *refusal
	}
	var in struct {
		Comment          string
		TimeSpentSeconds int64
	}
	if err := json.Unmarshal(c.body, &in); err != nil || in.TimeSpentSeconds <= 0 {
		return fieldFailure("timeLogged", "You must indicate the time spent working.")
	}
	made := &worklog{
		id: c.s.nextID(), author: c.who.user.Key, comment: in.Comment, seconds: in.TimeSpentSeconds, created: c.s.now(),
	}
	i.worklogs = append(i.worklogs, made)
	return created(c.s.worklogSelf(i, made), c.s.worklogView(i, made))
}

// findWorklogs is a POST that only reads: ids in, those the caller may see out.
func findWorklogs(c *call) reply {
	var in struct{ IDs []int64 }
	if err := json.Unmarshal(c.body, &in); err != nil {
		return failure(http.StatusBadRequest, "The request body is not valid JSON")
	}
	out := []any{}
	for _, i := range c.s.visibleIssues(c.who.user) {
		for _, w := range i.worklogs {
			if slices.Contains(in.IDs, w.id) {
				out = append(out, c.s.worklogView(i, w))
			}
		}
	}
	return ok(out)
}
