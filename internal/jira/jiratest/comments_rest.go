// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

type comment struct {
	id               int64
	author           string // key of a user
	body             string
	created, updated time.Time
}

func (s *Server) commentSelf(i *issue, c *comment) string {
	return s.issueSelf(i) + "/comment/" + itoa(c.id)
}

func (s *Server) commentView(i *issue, c *comment) object {
	author := s.userRef(s.userByKey(c.author))
	return object{
		"self": s.commentSelf(i, c), "id": itoa(c.id), "author": author, "updateAuthor": author,
		"body": c.body, "created": jiraTime(c.created), "updated": jiraTime(c.updated),
	}
}

func (s *Server) commentPage(i *issue) object {
	list := make([]any, len(i.comments))
	for n, c := range i.comments {
		list[n] = s.commentView(i, c)
	}
	return object{"comments": list, "startAt": 0, "maxResults": 1048576, "total": len(list)}
}

func listComments(c *call) reply {
	i, refusal := c.findIssue(Browse)
	if refusal != nil {
		return *refusal
	}
	return ok(c.s.commentPage(i))
}

// commentText reads {"body": …}.
func (c *call) commentText() (string, *reply) {
	var in struct{ Body string }
	if err := json.Unmarshal(c.body, &in); err != nil {
		return "", new(failure(http.StatusBadRequest, "The request body is not valid JSON"))
	}
	if in.Body == "" {
		return "", new(fieldFailure("comment", "Comment body can not be empty!"))
	}
	return in.Body, nil
}

func addComment(c *call) reply {
	i, refusal := c.findIssue(Edit)
	if refusal != nil {
		return *refusal
	}
	text, refusal := c.commentText()
	if refusal != nil {
		return *refusal
	}
	made := &comment{id: c.s.nextID(), author: c.who.user.Key, body: text, created: c.s.now(), updated: c.s.now()}
	i.comments = append(i.comments, made)
	return created(c.s.commentSelf(i, made), c.s.commentView(i, made))
}

// findComment is the comment of the path's second {}.
func (c *call) findComment(p Permission) (*issue, *comment, *reply) {
	i, refusal := c.findIssue(p)
	if refusal != nil {
		return nil, nil, refusal
	}
	n := slices.IndexFunc(i.comments, func(m *comment) bool { return itoa(m.id) == c.args[1] })
	if n < 0 {
		return nil, nil, new(failure(http.StatusNotFound, "Can not find a comment for the id: "+c.args[1]+"."))
	}
	return i, i.comments[n], nil
}

func getComment(c *call) reply {
	i, found, refusal := c.findComment(Browse)
	if refusal != nil {
		return *refusal
	}
	return ok(c.s.commentView(i, found))
}

func putComment(c *call) reply {
	i, found, refusal := c.findComment(Edit)
	if refusal != nil {
		return *refusal
	}
	text, refusal := c.commentText()
	if refusal != nil {
		return *refusal
	}
	found.body, found.updated = text, c.s.now()
	return ok(c.s.commentView(i, found))
}

func deleteComment(c *call) reply {
	i, found, refusal := c.findComment(Edit)
	if refusal != nil {
		return *refusal
	}
	i.comments = slices.DeleteFunc(i.comments, func(m *comment) bool { return m == found })
	return reply{status: http.StatusNoContent}
}
