// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"io"
	"net/http"
	"net/url"
)

// call is one request on its way through Jira.
type call struct {
	s      *Server
	w      http.ResponseWriter
	r      *http.Request
	rec    *record
	fault  Fault
	target target
	path   []string // segments below the context path
	args   []string // what the route's {} stand for
	pairs  []pair   // request parameters in order
	params url.Values
	body   []byte // of JSON and form requests
	who    identity
}

// serve is Jira's filter chain: who is it, may a browser have been tricked, which resource.
func (c *call) serve() {
	c.fault = c.s.takeFault(c.r)
	if c.fault.interrupts(c) {
		return
	}
	c.readParams()
	if refusal := c.admit(); refusal != nil {
		c.send(*refusal)
		return
	}
	if refusal := c.fault.refuses(c); refusal != nil {
		c.send(*refusal)
		return
	}
	c.send(c.dispatch())
}

// admit decides who the caller is, and refuses wrong credentials and cross-site requests.
func (c *call) admit() *reply {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if refusal := c.authenticate(); refusal != nil {
		return refusal
	}
	c.fault.disguise(c)
	return c.crossSite()
}

// dispatch finds the resource and runs it; what is no stream runs under the lock, its body having been read before.
func (c *call) dispatch() reply {
	found, args, allowed := match(c.r.Method, c.path)
	if found == nil {
		if action := webAction(c.path); action != nil {
			return action(c)
		}
		return c.unrouted(allowed)
	}
	c.args = args
	if found.stream {
		return found.handle(c)
	}
	if refusal := c.readJSON(found); refusal != nil {
		return *refusal
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return found.handle(c)
}

func (c *call) readJSON(found *route) *reply {
	if c.r.Method == http.MethodGet || c.r.Method == http.MethodHead || c.body != nil {
		if c.body != nil && !found.form {
			return new(restMessage(http.StatusUnsupportedMediaType, "HTTP 415 Unsupported Media Type"))
		}
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(c.r.Body, maxJSONBytes+1))
	if err != nil {
		return new(failure(http.StatusBadRequest, "The request body could not be read"))
	}
	if len(body) > maxJSONBytes {
		return new(failure(http.StatusRequestEntityTooLarge, "The request body is too large"))
	}
	if len(body) > 0 && c.mediaType() != "application/json" && !found.form {
		return new(restMessage(http.StatusUnsupportedMediaType, "HTTP 415 Unsupported Media Type"))
	}
	c.body = body
	return nil
}
