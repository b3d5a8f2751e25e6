// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const patience = 20 * time.Second

// servedWebhook is a webhook's server that runs until the test ends.
type servedWebhook struct {
	*webhookServer

	address  string
	trusting *tls.Config
	end      context.CancelFunc
	ended    chan error
}

// serveWebhook serves a hook at /review.
func serveWebhook(t *testing.T, limits webhookLimits, hook http.HandlerFunc) *servedWebhook {
	t.Helper()
	certified := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(certified.Close)
	transport, _ := certified.Client().Transport.(*http.Transport)
	certificate := &certified.TLS.Certificates[0]
	s := newWebhookServer("127.0.0.1:0", func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate, nil }, limits)
	s.Register("/review", hook)
	listener, err := listen(t.Context(), s.address, limits.places, s.secured)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.WithoutCancel(t.Context()))
	out := &servedWebhook{
		webhookServer: s, address: listener.Addr().String(), end: end, ended: make(chan error, 1),
		trusting: &tls.Config{RootCAs: transport.TLSClientConfig.RootCAs, ServerName: "example.com", MinVersion: tls.VersionTLS12},
	}
	go func() { out.ended <- s.serve(ctx, listener) }()
	t.Cleanup(end)
	return out
}

// connect from an address of this machine, without HTTP/2.
func (s *servedWebhook) connect(t *testing.T, from string) (net.Conn, error) {
	t.Helper()
	dialer := tls.Dialer{Config: s.trusting, NetDialer: &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: patience}}
	c, err := dialer.DialContext(t.Context(), "tcp", s.address)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c, nil
}

// stall begins a review whose body does not come.
func (s *servedWebhook) stall(t *testing.T, from string, length int) net.Conn {
	t.Helper()
	c, err := s.connect(t, from)
	if err == nil {
		_, err = fmt.Fprintf(c, "POST /review HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", length, strings.Repeat("x", length-1))
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// apiServer is a client as the API server's: it has one connection, with HTTP/2, from 127.0.0.1.
func (s *servedWebhook) apiServer(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: s.trusting.Clone(), ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// review sends one, and gives the answer, whose body was read.
func (s *servedWebhook) review(t *testing.T, from *http.Client, body io.Reader) (*http.Response, string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+s.address+"/review", body)
	if err != nil {
		return nil, "", err
	}
	response, err := from.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response, string(text), err
}

// mustReview expects a status.
func (s *servedWebhook) mustReview(t *testing.T, from *http.Client, body string, status int) (*http.Response, string) {
	t.Helper()
	response, text, err := s.review(t, from, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != status {
		t.Fatalf("have status %d, want %d: %s", response.StatusCode, status, text)
	}
	return response, text
}

// echo answers with the length of the body.
func echo(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	_, _ = fmt.Fprintf(w, "%d %v", len(body), err)
}

// eventually waits for what the server does in its own time.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.After(patience); !condition(); {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("waited in vain: ", what)
		}
	}
}
