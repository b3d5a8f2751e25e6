// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"crypto/tls"
	"io"
	"log"
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
	scheme := "http"
	if c.Certificate != nil {
		scheme, listener = "https", tls.NewListener(listener, c.tls())
	}
	s.url = scheme + "://" + listener.Addr().String() + s.config.ContextPath
	if c.BaseURL == "" {
		s.base = s.url
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() {
		s.Close()
		_ = server.Close()
	})
	return s
}

func (c Config) tls() *tls.Config {
	out := &tls.Config{Certificates: []tls.Certificate{*c.Certificate}, MinVersion: tls.VersionTLS12}
	if c.ClientCAs != nil {
		out.ClientCAs, out.ClientAuth = c.ClientCAs, tls.RequireAndVerifyClientCert
	}
	return out
}

// URL is where the socket is, context path included; empty unless Start opened the socket. Compare BaseURL.
func (s *Server) URL() string { return s.url }

// Close lets requests that hang on a Fault end. The socket belongs to who opened it; Start closes its own.
func (s *Server) Close() { s.stopOnce.Do(func() { close(s.stop) }) }
