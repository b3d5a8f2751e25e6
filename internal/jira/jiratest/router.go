// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"net/http"
	"slices"
	"strings"
)

// route is one resource and method. In its pattern {} stands for one segment.
type route struct {
	method, pattern string
	handle          func(*call) reply
	stream          bool // handle reads the body itself and takes the lock itself
	form            bool // takes a form where others want JSON
}

func (r *route) segments() []string { return strings.Split(r.pattern, "/") }

// match finds the route for a path as Tomcat decoded it. Without one, allowed names the methods the path would take.
func match(method string, path []string) (found *route, args, allowed []string) {
	if method == http.MethodHead { // JAX-RS and servlets answer HEAD by GET
		method = http.MethodGet
	}
	path = resourcePath(path)
	for i := range routes {
		captured, ok := routes[i].match(path)
		if !ok {
			continue
		}
		if routes[i].method == method {
			return &routes[i], captured, nil
		}
		allowed = append(allowed, routes[i].method)
	}
	return nil, nil, allowed
}

// resourcePath undoes two rewrites of Jira's. Its plugin for static resources serves `/s/<anything>/_/x` as `/x`
// (inferred to reach REST as well), and atlassian-rest cuts a .json or .xml off the last segment.
func resourcePath(path []string) []string {
	if i := slices.Index(path, "_"); len(path) > 0 && path[0] == "s" && i > 0 {
		path = path[i+1:]
	}
	if len(path) == 0 || path[0] != "rest" {
		return path
	}
	path = slices.Clone(path)
	last := &path[len(path)-1]
	for _, extension := range []string{".json", ".xml"} {
		if cut, ok := strings.CutSuffix(*last, extension); ok {
			*last = cut
			break
		}
	}
	return path
}

func (r *route) match(path []string) (args []string, ok bool) {
	pattern := r.segments()
	if len(pattern) != len(path) {
		return nil, false
	}
	for i, want := range pattern {
		version := i == 2 && pattern[0] == "rest" && path[i] == "latest" // stands for any version
		switch {
		case want == "{}":
			args = append(args, path[i])
		case want != path[i] && !version:
			return nil, false
		}
	}
	return args, true
}

// unrouted answers where no resource does.
func (c *call) unrouted(allowed []string) reply {
	path := resourcePath(c.path)
	if len(path) == 0 || path[0] != "rest" {
		return c.unknownPage(path)
	}
	if len(allowed) == 0 {
		return restMessage(http.StatusNotFound, "HTTP 404 Not Found")
	}
	h := http.Header{"Allow": {strings.Join(append(allowed, http.MethodHead, http.MethodOptions), ",")}}
	if c.r.Method == http.MethodOptions {
		return reply{status: http.StatusOK, header: h}
	}
	r := restMessage(http.StatusMethodNotAllowed, "HTTP 405 Method Not Allowed")
	r.header = h
	return r
}
