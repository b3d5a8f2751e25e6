// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// slowly begins n requests whose bodies never come to their end, and sends a byte of each every now and then.
func (b *bench) slowly(n int, target string, lines ...string) {
	b.Helper()
	conns := make([]net.Conn, n)
	head := "POST " + target + " HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n" + joinLines(lines) + "\r\nx"
	for i := range conns {
		conn, err := net.Dial("tcp", b.address)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.WriteString(conn, head); err != nil {
			b.Fatal(err)
		}
		conns[i] = conn
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(300 * time.Millisecond):
			}
			for _, conn := range conns {
				_, _ = io.WriteString(conn, "x")
			}
		}
	}()
	b.Cleanup(func() {
		close(stop)
		<-done
		for _, conn := range conns {
			_ = conn.Close()
		}
	})
}

// TestStrangersDoNotKeepTokensFromWorking: before Jira, a cookie that anybody can invent is enough to send a page slowly.
func TestStrangersDoNotKeepTokensFromWorking(t *testing.T) {
	b := newBench(t)
	b.setPersonal(true) // the strictest
	tok := b.issue("alice", []string{"read"})
	b.slowly(maxRequests, page, "Cookie: JSESSIONID=invented", "Content-Type: text/plain")
	b.auditLines(maxRequests - maxPersonalRequests) // these were refused; all others are being served
	if a := b.send("GET", myself, bearer(tok)); a.StatusCode != http.StatusOK {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// TestSlowUploadsOfOneOwnerDoNotLockOutAnother: places that never become free can't go to who has less.
func TestSlowUploadsOfOneOwnerDoNotLockOutAnother(t *testing.T) {
	b := newBench(t)
	b.config.MaxInFlight = 10
	b.configure()
	alice, bob := b.issue("alice", []string{"write"}), b.issue("bob", []string{"read"})
	b.slowly(10, "/jira/rest/api/2/issue/DEMO-1/attachments", bearer(alice), "Content-Type: multipart/form-data; boundary=x")
	b.auditLines(1) // the last one was refused; all others are with Jira
	if a := b.send("GET", myself, bearer(bob)); a.StatusCode != http.StatusOK {
		t.Errorf("refused for as long as alice likes: %d %s", a.StatusCode, a.body)
	}
}
