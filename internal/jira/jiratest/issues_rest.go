// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
)

// issueView is the issue as others see it.
func (s *Server) issueView(i *issue) object {
	fields := maps.Clone(i.fields)
	maps.Copy(fields, object{
		"project": s.projectRef(s.projects[i.project]), "reporter": s.userRef(s.userByKey(i.reporter)),
		"status": object{"name": "To Do", "id": "10000"}, "created": jiraTime(i.created), "updated": jiraTime(i.updated),
		"comment": s.commentPage(i), "worklog": s.worklogPage(i), "attachment": s.fileViews(i),
	})
	if fields["issuetype"] == nil {
		fields["issuetype"] = object{"name": "Task", "id": "10001"}
	}
	return object{
		"expand": "renderedFields,names,schema,operations,editmeta,changelog", "id": itoa(i.id), "key": i.key,
		"self": s.issueSelf(i), "fields": fields,
	}
}

func getIssue(c *call) reply {
	i, refusal := c.findIssue(Browse)
	if refusal != nil {
		return *refusal
	}
	return ok(c.s.issueView(i))
}

type issueInput struct {
	Fields map[string]any `json:"fields"`
}

func createIssue(c *call) reply {
	var in issueInput
	if err := json.Unmarshal(c.body, &in); err != nil {
		return failure(http.StatusBadRequest, "Can not instantiate value of the request body: it is not valid JSON")
	}
	projectRef, _ := in.Fields["project"].(map[string]any)
	key, _ := projectRef["key"].(string)
	p := c.s.projects[strings.ToUpper(key)]
	if c.who.user == nil {
		return *c.forbidden("You are not authenticated. Authentication required to perform this operation.")
	}
	if p == nil || !c.who.user.can(Browse, p) {
		return fieldFailure("project", "project is required")
	}
	if !c.who.user.can(Edit, p) {
		return *c.forbidden("You do not have permission to create issues in this project.")
	}
	if summary, _ := in.Fields["summary"].(string); strings.TrimSpace(summary) == "" {
		return fieldFailure("summary", "You must specify a summary of the issue.")
	}
	delete(in.Fields, "project")
	i := c.s.putIssue(p, 0, in.Fields)
	i.reporter, i.node = c.who.user.Key, c.node()
	return created(c.s.issueSelf(i), object{"id": itoa(i.id), "key": i.key, "self": c.s.issueSelf(i)})
}

func created(location string, body any) reply {
	return rendered(reply{status: http.StatusCreated, header: http.Header{"Location": {location}}, body: body})
}

func putIssue(c *call) reply {
	i, refusal := c.findIssue(Edit)
	if refusal != nil {
		return *refusal
	}
	var in issueInput
	if err := json.Unmarshal(c.body, &in); err != nil {
		return failure(http.StatusBadRequest, "Can not instantiate value of the request body: it is not valid JSON")
	}
	if summary, given := in.Fields["summary"]; given && summary == "" {
		return fieldFailure("summary", "You must specify a summary of the issue.")
	}
	maps.Copy(i.fields, in.Fields)
	i.updated = c.s.now()
	return reply{status: http.StatusNoContent}
}

func deleteIssue(c *call) reply {
	i, refusal := c.findIssue(Edit)
	if refusal != nil {
		return *refusal
	}
	for _, id := range i.files {
		delete(c.s.files, id)
	}
	delete(c.s.issues, i.key)
	return reply{status: http.StatusNoContent}
}
