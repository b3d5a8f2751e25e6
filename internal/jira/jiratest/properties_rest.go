// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

const maxPropertyKey = 255

func (s *Server) propertySelf(i *issue, key string) string {
	return s.issueSelf(i) + "/properties/" + url.PathEscape(key)
}

func listProperties(c *call) reply {
	i, refusal := c.findIssue(Browse)
	if refusal != nil {
		return *refusal
	}
	keys := []any{}
	for _, key := range slices.Sorted(maps.Keys(i.properties)) {
		keys = append(keys, object{"self": c.s.propertySelf(i, key), "key": key})
	}
	return ok(object{"keys": keys})
}

func getProperty(c *call) reply {
	i, refusal := c.findIssue(Browse)
	if refusal != nil {
		return *refusal
	}
	value, found := i.properties[c.args[1]]
	if !found {
		return noProperty(c.args[1])
	}
	return ok(object{"key": c.args[1], "value": value})
}

func noProperty(key string) reply {
	return failure(http.StatusNotFound, "The property '"+key+"' does not exist.")
}

// putProperty takes any JSON value under any key: what the path's escapes decode to, slashes excepted.
func putProperty(c *call) reply {
	i, refusal := c.findIssue(Edit)
	if refusal != nil {
		return *refusal
	}
	if !json.Valid(c.body) || len(c.args[1]) > maxPropertyKey {
		return failure(http.StatusBadRequest, "The property needs a JSON value, and a key of at most 255 characters.")
	}
	_, existed := i.properties[c.args[1]]
	i.properties[c.args[1]] = slices.Clone(c.body)
	if existed {
		return ok(object{})
	}
	return created(c.s.propertySelf(i, c.args[1]), object{})
}

func deleteProperty(c *call) reply {
	i, refusal := c.findIssue(Edit)
	if refusal != nil {
		return *refusal
	}
	if _, found := i.properties[c.args[1]]; !found {
		return noProperty(c.args[1])
	}
	delete(i.properties, c.args[1])
	return reply{status: http.StatusNoContent}
}
