// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"net/http"
	"slices"
	"time"
)

// Fault makes the stand-in misbehave. Several of its fields can be set together.
type Fault struct {
	// Match picks the requests; nil: all. It must not call the Server.
	Match func(*http.Request) bool
	// Times is how many matching requests it holds for; 0: until it is removed.
	Times int

	// As makes Jira act as this user, whoever the credentials name. It must exist. Refused credentials stay refused.
	As string
	// Anonymous makes Jira drop the identity without a word.
	Anonymous bool
	// OmitUserName leaves X-AUSERNAME out.
	OmitUserName bool

	// Status answers so (401, 429, 503, 302 with a Location in Header …) and does nothing. 429 comes with all four
	// rate headers and Retry-After: 5.
	Status int
	// LoginRedirect answers 302 to login.jsp and does nothing.
	LoginRedirect bool

	// Delay waits before anything is read or answered.
	Delay time.Duration
	// Hang never answers; it ends when the caller gives up or the Server is closed. (A caller that gives up is noticed
	// only once its body has been read, so a hanging POST lasts until Close.)
	Hang bool
	// Stall sends status and headers and then nothing more; it ends like Hang.
	Stall bool
	// Drop closes the connection without an answer.
	Drop bool

	// Header is set on the answer, replacing Jira's own: Location, Set-Cookie, X-AUSERNAME …
	Header http.Header
	// Rewrite changes the body that Jira would answer with, but for streams.
	Rewrite func(request *http.Request, body []byte) []byte
}

type activeFault struct {
	Fault
	left int
}

// Fault installs a fault and returns what removes it. The newest that matches a request holds.
func (s *Server) Fault(f Fault) (remove func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	header := http.Header{}
	for name, values := range f.Header {
		header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	f.Header = header
	active := &activeFault{Fault: f, left: f.Times}
	s.faults = append(s.faults, active)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		active.left = -1
	}
}

// ClearFaults removes all faults. Requests that hang already go on hanging.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// takeFault is the fault for this request, the zero one if none matches.
func (s *Server) takeFault(r *http.Request) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range slices.Backward(s.faults) {
		if f.left < 0 || (f.Match != nil && !f.Match(r)) {
			continue
		}
		if f.Times > 0 {
			f.left--
			if f.left == 0 {
				f.left = -1
			}
		}
		return f.Fault
	}
	return Fault{}
}

// interrupts waits or breaks off. True: there will be no answer.
func (f Fault) interrupts(c *call) bool {
	if f.Drop {
		panic(http.ErrAbortHandler)
	}
	if f.Hang {
		c.wait(nil)
		panic(http.ErrAbortHandler)
	}
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		return !c.wait(timer.C)
	}
	return false
}

// wait returns true when the time has come, false when the caller or the server went away before.
func (c *call) wait(until <-chan time.Time) bool {
	select {
	case <-until:
		return true
	case <-c.r.Context().Done():
	case <-c.s.stop:
	}
	return false
}

// disguise changes who the caller is.
func (f Fault) disguise(c *call) {
	if f.Anonymous {
		c.become(nil, viaFault)
	}
	if f.As != "" {
		c.become(c.s.users[fold(f.As)], viaFault)
	}
}

// refuses is the answer of a fault that has one of its own.
func (f Fault) refuses(c *call) *reply {
	switch {
	case f.LoginRedirect:
		return new(redirect(c.loginURL()))
	case f.Status == http.StatusUnauthorized:
		return new(loginRequired(c))
	case f.Status == http.StatusTooManyRequests:
		r := restMessage(f.Status, "Rate limit exceeded.")
		r.header = http.Header{
			"Retry-After": {"5"}, "X-Ratelimit-Limit": {"10"}, "X-Ratelimit-Remaining": {"0"},
			"X-Ratelimit-Fillrate": {"2"}, "X-Ratelimit-Interval-Seconds": {"5"},
		}
		return &r
	case f.Status != 0:
		return new(page(f.Status, http.StatusText(f.Status), "This answer is a fault that a test asked for."))
	}
	return nil
}

// stalls sends the headers and leaves it at that.
func (f Fault) stalls(w http.ResponseWriter, c *call) bool {
	if !f.Stall {
		return false
	}
	w.Header().Set("Content-Type", typeJSON)
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
	c.wait(nil)
	panic(http.ErrAbortHandler)
}
