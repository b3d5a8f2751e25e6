// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"fmt"
	"regexp"
	"strings"
)

// jql is a query: clauses that all must hold. The stand-in knows `project = X`, `key = X`, `text ~ x` and `summary ~
// x`, joined by AND, values bare or quoted; ORDER BY is read and ignored.
type jql []clause

type clause struct{ field, operator, value string }

var (
	jqlOrder  = regexp.MustCompile(`(?i)(^|\s)order\s+by\s.*$`)
	jqlClause = regexp.MustCompile(`(?i)^\s*([a-z]+)\s*(=|~)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"'()=~]+)\s*`)
	jqlEscape = regexp.MustCompile(`\\(.)`)
	jqlAnd    = regexp.MustCompile(`(?i)^and\s`)
)

var jqlOperators = map[string]string{"project": "=", "key": "=", "issuekey": "=", "text": "~", "summary": "~"}

func parseJQL(text string) (jql, error) {
	var query jql
	rest := strings.TrimSpace(jqlOrder.ReplaceAllString(text, ""))
	for rest != "" {
		if len(query) > 0 {
			and := jqlAnd.FindString(rest)
			if and == "" {
				return nil, jqlError(text, rest)
			}
			rest = rest[len(and):]
		}
		m := jqlClause.FindStringSubmatch(rest)
		if m == nil {
			return nil, jqlError(text, rest)
		}
		c := clause{strings.ToLower(m[1]), m[2], unquoteJQL(m[3])}
		want, known := jqlOperators[c.field]
		if !known {
			return nil, jiraSays("Field '%s' does not exist or you do not have permission to view it.", m[1])
		}
		if c.operator != want {
			return nil, jiraSays("The operator '%s' is not supported by the '%s' field.", c.operator, c.field)
		}
		query, rest = append(query, c), rest[len(m[0]):]
	}
	return query, nil
}

// message is an error in Jira's own words, which are sentences.
type message string

func (m message) Error() string { return string(m) }

func jiraSays(format string, args ...any) error { return message(fmt.Sprintf(format, args...)) }

func jqlError(text, rest string) error {
	at := len(text) - len(rest) + 1
	return jiraSays("Error in the JQL Query: Expecting a field name, operator or AND near character %d.", max(at, 1))
}

func unquoteJQL(value string) string {
	if len(value) < 2 || (value[0] != '"' && value[0] != '\'') {
		return value
	}
	return jqlEscape.ReplaceAllString(value[1:len(value)-1], "$1")
}

// resolve refuses values that name nothing the caller may see; Jira says the same of what is there and what is not.
func (s *Server) resolve(query jql, u *User) error {
	for _, c := range query {
		switch c.field {
		case "project":
			if p := s.projects[strings.ToUpper(c.value)]; p == nil || !u.can(Browse, p) {
				return jiraSays("The value '%s' does not exist for the field 'project'.", c.value)
			}
		case "key", "issuekey":
			i := s.issues[strings.ToUpper(c.value)]
			if i == nil || !u.can(Browse, s.projects[i.project]) {
				return jiraSays("An issue with key '%s' does not exist for field 'key'.", c.value)
			}
		}
	}
	return nil
}

func (q jql) matches(i *issue) bool {
	for _, c := range q {
		if !c.matches(i) {
			return false
		}
	}
	return true
}

func (c clause) matches(i *issue) bool {
	switch c.field {
	case "project":
		return strings.EqualFold(i.project, c.value)
	case "key", "issuekey":
		return strings.EqualFold(i.key, c.value)
	case "summary":
		return contains(i.summary(), c.value)
	}
	texts := []string{i.summary(), i.text("description")}
	for _, m := range i.comments {
		texts = append(texts, m.body)
	}
	return contains(strings.Join(texts, "\n"), c.value)
}

func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}
