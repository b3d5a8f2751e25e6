// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

const (
	maxFormBytes = 2 << 20 // Tomcat's maxPostSize
	maxJSONBytes = 4 << 20 // ours: nothing the stand-in takes as JSON is larger
)

// pair is one request parameter. Their order and repetitions matter to OAuth, so a map won't do.
type pair struct{ name, value string }

// readParams gathers request parameters as a servlet sees them: query first, then a form body of a POST.
func (c *call) readParams() {
	c.pairs = parsePairs(c.target.rawQuery)
	if c.r.Method == http.MethodPost && c.mediaType() == "application/x-www-form-urlencoded" {
		body, err := io.ReadAll(io.LimitReader(c.r.Body, maxFormBytes+1))
		c.body = body
		if err == nil && len(body) <= maxFormBytes { // Tomcat drops the parameters of a form that is too large
			c.pairs = append(c.pairs, parsePairs(string(body))...)
		}
	}
	c.params = first(c.pairs)
}

// parsePairs decodes application/x-www-form-urlencoded like Tomcat: what can't be decoded is dropped, ";" is data.
func parsePairs(s string) []pair {
	var out []pair
	for item := range strings.SplitSeq(s, "&") {
		name, value, _ := strings.Cut(item, "=")
		name, err := url.QueryUnescape(name)
		if err != nil || name == "" {
			continue
		}
		if value, err = url.QueryUnescape(value); err == nil {
			out = append(out, pair{name, value})
		}
	}
	return out
}

// first indexes pairs by name; Get returns the first value, as getParameter does.
func first(pairs []pair) url.Values {
	out := url.Values{}
	for _, p := range pairs {
		out.Add(p.name, p.value)
	}
	return out
}

// mediaType is the request's content type without its parameters, in lower case; empty if there is none.
func (c *call) mediaType() string {
	mediaType, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil {
		mediaType, _, _ = strings.Cut(c.r.Header.Get("Content-Type"), ";")
	}
	return strings.ToLower(strings.TrimSpace(mediaType))
}
