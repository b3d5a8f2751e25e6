// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"encoding/json"
	"html"
	"net/http"
	"strings"
	"time"
)

const (
	typeJSON = "application/json;charset=UTF-8"
	typeHTML = "text/html;charset=UTF-8"
)

// reply is an answer before it is sent. Exactly one of body, raw and stream says what follows the headers, or none
// does.
type reply struct {
	status      int
	header      http.Header
	body        any // sent as JSON
	raw         []byte
	contentType string // of raw
	stream      func(http.ResponseWriter, *http.Request)
}

// content renders what is no stream. It must run while the lock is held if body refers to the server's state.
func (r *reply) content() {
	if r.body == nil {
		return
	}
	raw, err := json.Marshal(r.body)
	if err != nil {
		panic("jiratest: " + err.Error()) // a mistake in this package
	}
	r.raw, r.contentType, r.body = raw, typeJSON, nil
}

func ok(body any) reply { return rendered(reply{status: http.StatusOK, body: body}) }

// rendered turns the body into bytes at once, so that nothing reads the server's state after the lock is gone.
func rendered(r reply) reply {
	r.content()
	return r
}

// failure is Jira's own error shape.
func failure(status int, messages ...string) reply {
	return rendered(reply{status: status, body: object{"errorMessages": messages, "errors": object{}}})
}

// fieldFailure is the same shape for an input that is wrong in one field.
func fieldFailure(field, message string) reply {
	return rendered(reply{status: http.StatusBadRequest, body: object{
		"errorMessages": []string{}, "errors": object{field: message},
	}})
}

// restMessage is the shape of errors that atlassian-rest makes itself, before any resource of Jira's runs.
func restMessage(status int, message string) reply {
	return rendered(reply{status: status, body: object{"message": message, "status-code": status}})
}

// loginRequired is what a resource answers that is closed to anonymous callers.
func loginRequired(c *call) reply {
	r := restMessage(http.StatusUnauthorized, "Client must be authenticated to access this resource.")
	r.header = c.challenge()
	return r
}

// page is an HTML page as Jira's error pages and forms are.
func page(status int, title, text string) reply {
	body := "<html><head><title>" + html.EscapeString(title) + "</title></head><body><h1>" + html.EscapeString(title) +
		"</h1><p>" + html.EscapeString(text) + "</p></body></html>"
	return reply{status: status, contentType: typeHTML, raw: []byte(body)}
}

func redirect(to string) reply {
	return reply{status: http.StatusFound, header: http.Header{"Location": {to}}}
}

// adminOnly refuses who does not administer Jira.
func (c *call) adminOnly() *reply {
	if c.who.user == nil {
		return new(loginRequired(c))
	}
	if !c.who.user.can(Admin, nil) {
		return new(failure(http.StatusForbidden, "You do not have permission to perform this operation."))
	}
	return nil
}

// jiraTime is how Jira writes times: milliseconds, and a zone without a colon.
func jiraTime(t time.Time) string {
	return strings.TrimSpace(t.UTC().Format("2006-01-02T15:04:05.000-0700"))
}
