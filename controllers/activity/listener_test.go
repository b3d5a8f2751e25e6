// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"golang.org/x/net/netutil"
)

// dialFrom connects from an address of this machine, and tells whether the server keeps the connection.
func dialFrom(t *testing.T, from, to string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	c, err := dialer.DialContext(t.Context(), "tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func isServed(t *testing.T, c net.Conn) bool {
	t.Helper()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return false
	}
	_, err := c.Read(make([]byte, 1))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("the server neither answers nor closes the connection")
	}
	return err == nil
}

// TestOneAddressCanNotTakeAllConnections: whoever opens as many as they can, and says nothing, keeps their own share, and others
// are served.
func TestOneAddressCanNotTakeAllConnections(t *testing.T) {
	const inAll, most = 8, 3
	var network net.ListenConfig
	listener, err := network.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Minute}
	limit, _ := LimitPerAddress(listener, most).(*addressLimit)
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(netutil.LimitListener(limit, inAll)) }()
	t.Cleanup(func() { _ = server.Close(); <-done })

	address := listener.Addr().String()
	var held []net.Conn
	for range 5 * inAll {
		held = append(held, dialFrom(t, "127.0.0.2", address))
	}
	for _, c := range held[most:] {
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("a connection beyond the limit is kept: %v", err)
		}
	}
	for range most {
		if !isServed(t, dialFrom(t, "127.0.0.3", address)) {
			t.Fatal("another address is not served")
		}
	}
	if isServed(t, dialFrom(t, "127.0.0.2", address)) {
		t.Error("it has one more than its share")
	}
	if !isServed(t, held[0]) {
		t.Error("what is within its share does not work")
	}
	_ = held[1].Close()
	deadline := time.Now().Add(10 * time.Second)
	for !isServed(t, dialFrom(t, "127.0.0.2", address)) { // until the server has seen that it is closed
		if time.Now().After(deadline) {
			t.Fatal("a place that became free is not given away")
		}
	}
}

// TestClosedTwiceIsLeftOnce: else somebody could have more than their share. Addresses without a connection are not remembered.
func TestClosedTwiceIsLeftOnce(t *testing.T) {
	var network net.ListenConfig
	listener, err := network.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	l, _ := LimitPerAddress(listener, 2).(*addressLimit)
	var accepted []net.Conn
	for range 2 {
		dialFrom(t, "127.0.0.2", listener.Addr().String())
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		accepted = append(accepted, c)
	}
	if err := accepted[0].Close(); err != nil {
		t.Fatal(err)
	}
	_ = accepted[0].Close()
	if l.open.taken["127.0.0.2"] != 1 {
		t.Errorf("one of two is closed: %v", l.open.taken)
	}
	if err := accepted[1].Close(); err != nil || len(l.open.taken) != 0 {
		t.Errorf("all are closed: %v %v", err, l.open.taken)
	}
}
