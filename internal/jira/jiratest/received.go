// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

const keepBody = 64 << 10

// Received is one request as the stand-in got it, and what it decided.
type Received struct {
	Time             time.Time   `json:"time"`
	Method           string      `json:"method"`
	Target           string      `json:"target"` // the request target, byte for byte as on the wire
	Proto            string      `json:"proto"`
	Host             string      `json:"host"`
	Header           http.Header `json:"header"` // all of them with their secrets, names in Go's canonical spelling
	TransferEncoding []string    `json:"transferEncoding,omitempty"`
	ContentLength    int64       `json:"contentLength"`  // declared; -1: unknown
	BytesRead        int64       `json:"bytesRead"`      // of the body, so far
	Body             []byte      `json:"body,omitempty"` // what was read, at most its first 64 KiB
	RemoteAddr       string      `json:"remoteAddr"`
	// User is whom Jira took the caller for; empty: anonymous.
	User string `json:"user"`
	// Via is the credential that decided: basic, pat, oauth, header, session, parameters, fault, or empty.
	Via string `json:"via"`
	// Status is what was answered; 0: nothing yet.
	Status int `json:"status"`
}

// Received returns copies of the requests so far, oldest first, at most Config.KeepReceived.
func (s *Server) Received() []Received {
	s.mu.Lock()
	records := slices.Clone(s.received)
	s.mu.Unlock()
	out := make([]Received, len(records))
	for i, rec := range records {
		out[i] = rec.snapshot()
	}
	return out
}

// Last returns the newest request; the zero Received if there was none.
func (s *Server) Last() Received {
	all := s.Received()
	if len(all) == 0 {
		return Received{}
	}
	return all[len(all)-1]
}

// Reset forgets what was received. Users, issues, sessions, nonces and faults stay.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received = nil
}

// record is a Received that is still being written; it is complete before its answer's first byte leaves.
type record struct {
	mu sync.Mutex
	Received
}

func (s *Server) record(r *http.Request) *record {
	rec := &record{Received: Received{
		Time: s.now(), Method: r.Method, Target: r.RequestURI, Proto: r.Proto, Host: r.Host, Header: r.Header.Clone(),
		TransferEncoding: slices.Clone(r.TransferEncoding), ContentLength: r.ContentLength, RemoteAddr: r.RemoteAddr,
	}}
	r.Body = &countedBody{ReadCloser: r.Body, rec: rec}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if len(s.received) >= s.config.KeepReceived {
		s.received = s.received[1:]
	}
	s.received = append(s.received, rec)
	return rec
}

func (r *record) decide(user, via string, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.User, r.Via, r.Status = user, via, status
}

func (r *record) snapshot() Received {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.Received
	out.Header, out.Body = out.Header.Clone(), slices.Clone(out.Body)
	return out
}

// countedBody counts what is read of a body and keeps its beginning.
type countedBody struct {
	io.ReadCloser
	rec *record
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.rec.mu.Lock()
	defer b.rec.mu.Unlock()
	b.rec.BytesRead += int64(n)
	if room := keepBody - len(b.rec.Body); room > 0 {
		b.rec.Body = append(b.rec.Body, p[:min(n, room)]...)
	}
	return n, err
}
