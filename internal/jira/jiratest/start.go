// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"net"
	"net/http"
	"time"
)

// TB is the part of testing.TB that Start needs; naming it keeps package testing out of the stand-in's binary.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Start serves a new Server on a free port of 127.0.0.1 until the test ends.
func Start(t TB, c Config) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("jiratest: %v", err)
	}
	s := New(c)
	s.url = "http://" + listener.Addr().String() + s.config.ContextPath
	if c.BaseURL == "" {
		s.base = s.url
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() {
		s.Close()
		_ = server.Close()
	})
	return s
}

// URL is where the socket is, context path included; empty unless Start opened the socket. Compare BaseURL.
func (s *Server) URL() string { return s.url }

// Close lets requests that hang on a Fault end. The socket belongs to who opened it; Start closes its own.
func (s *Server) Close() { s.stopOnce.Do(func() { close(s.stop) }) }
