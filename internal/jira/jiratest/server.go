// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"crypto/rsa"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Server is the stand-in. It is an http.Handler, to be served by net/http with nothing in between: a ServeMux would
// tidy up the very paths that are to be judged. All methods may be called at any time from any goroutine.
type Server struct {
	config Config
	now    func() time.Time
	url    string // of the socket, where Start opened one

	stop     chan struct{} // closed when the server goes away: lets hanging requests end
	stopOnce sync.Once

	mu        sync.Mutex // guards all that follows; never held while a body is read or written
	base      string
	users     map[string]*User // by folded name
	failures  map[string]int   // wrong passwords in a row, by folded name
	groups    map[string]*Group
	pats      map[string]*PAT            // by token
	clients   map[string]*ServiceAccount // by client_id
	tokens    map[string]*accessToken
	sessions  sessionStore
	consumers map[string]*rsa.PublicKey
	nonces    nonceStore
	trusted   trustedHeader
	projects  map[string]*Project
	issues    map[string]*issue
	files     map[int64]*file
	faults    []*activeFault
	received  []*record
	requests  int64
	lastID    int64
}

// New makes a server. It panics on a Config that Validate refuses, which is a mistake in the test.
func New(c Config) *Server {
	if err := c.Validate(); err != nil {
		panic("jiratest: " + err.Error())
	}
	c = c.withDefaults()
	return &Server{
		config: c, now: c.Now, base: c.BaseURL, stop: make(chan struct{}), lastID: 10000,
		users: map[string]*User{}, failures: map[string]int{}, groups: map[string]*Group{},
		pats: map[string]*PAT{}, clients: map[string]*ServiceAccount{}, tokens: map[string]*accessToken{},
		sessions: newSessionStore(), consumers: map[string]*rsa.PublicKey{},
		nonces: nonceStore{}, projects: map[string]*Project{}, issues: map[string]*issue{}, files: map[int64]*file{},
	}
}

// BaseURL is what Jira believes its own address to be, without a slash at its end.
func (s *Server) BaseURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base
}

// ServeHTTP answers one request: first as Tomcat, then as Jira.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{s: s, w: w, r: r, rec: s.record(r)}
	if message := c.connector(); message != "" {
		c.sendTomcat(http.StatusBadRequest, message)
		return
	}
	if r.Method == http.MethodTrace { // Tomcat's allowTrace is off
		c.sendTomcat(http.StatusMethodNotAllowed, "TRACE method is not allowed")
		return
	}
	below, ok := strings.CutPrefix(c.target.path, s.config.ContextPath)
	if !ok || (below != "" && below[0] != '/') {
		c.sendTomcat(http.StatusNotFound, "The requested resource ["+c.target.path+"] is not available")
		return
	}
	c.path = segments(below)
	c.serve()
}

// nextID hands out ids as Jira's database would: one sequence, never reused.
func (s *Server) nextID() int64 {
	s.lastID++
	return s.lastID
}
