// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

// TestOnlySoManyRequestsAtOnce: one more is told to come back, and is accounted for; a body of its is not waited for.
func TestOnlySoManyRequestsAtOnce(t *testing.T) {
	b := newBench(t)
	server := httptest.NewServer(&requestLimit{Handler: b.handler, most: 1})
	defer server.Close()
	b.address = strings.TrimPrefix(server.URL, "http://")
	tok := bearer(b.issue("alice", []string{"read", "write"}))
	remove := b.jira.Fault(jiratest.Fault{Delay: 20 * time.Second})
	waiting := b.dial()
	_, _ = io.WriteString(waiting, "GET "+myself+" HTTP/1.1\r\nHost: x\r\n"+tok+"\r\n\r\n")
	for len(b.jira.Received()) == 0 {
		time.Sleep(time.Millisecond)
	}
	remove()
	for _, rest := range []string{
		"\r\n", "Content-Length: 5\r\n\r\nhello", "Content-Length: 100\r\n\r\nhello", "Content-Length: 100000000\r\n\r\n",
	} {
		start := time.Now()
		a := b.raw("POST /jira/rest/api/2/search HTTP/1.1\r\nHost: x\r\n" + tok + "\r\n" + rest)
		if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || !a.Close ||
			!strings.Contains(a.message(t), "as many requests as it can") || time.Since(start) > 15*time.Second {
			t.Errorf("%d %v %s after %v", a.StatusCode, a.Header, a.body, time.Since(start))
		}
	}
	line := b.auditLines(4)[0]
	if line.Reason != reasonOverload || line.Decision != "failed" || line.Address != "127.0.0.1" || line.Owner != "" {
		t.Errorf("%+v", line)
	}
	_ = waiting.Close()
	b.auditLines(5)
	if a := b.send("GET", myself, tok); a.StatusCode != http.StatusOK {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

func TestOnlySoManyConnectionsAtOnce(t *testing.T) {
	limit := &connLimit{most: 2}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = limit.observe
	server.Start()
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	open := func() (net.Conn, error) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
		if _, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err == nil {
			_, err = bufio.NewReader(conn).ReadString('\n')
		}
		return conn, err
	}
	first, err := open()
	second, err2 := open()
	if err = errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	third, err := open()
	if err == nil {
		t.Error("a third connection is served")
	}
	_ = third.Close()
	_ = first.Close()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		fourth, err := open()
		_ = fourth.Close()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a closed connection still counts")
		}
	}
}

// TestNewServerHasTheBounds: the two tests above use smaller ones.
func TestNewServerHasTheBounds(t *testing.T) {
	server := NewServer(newBench(t).handler, "")
	limit, ok := server.Handler.(*requestLimit)
	if !ok || limit.most != maxRequests || server.ConnState == nil || newTransport(&upstreamTLS{}).MaxConnsPerHost != maxConns {
		t.Errorf("%+v", server)
	}
}
