// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"testing"
	"time"
)

// TestTLSFlood (CVE-2026-32283, CVE-2026-56853): hundreds of clients that begin a handshake and stall, or send what is none,
// cost little each, keep nobody from being served, and are gone after the time-out.
func TestTLSFlood(t *testing.T) {
	const clients, patience, perClient = 300, 2 * time.Second, 128 << 10
	b, authority := newTLSBench(t, func(b *bench) { b.headerTimeout = patience })
	tok := b.issue("alice", []string{"read"})
	client := b.client(&tls.Config{RootCAs: authority.pool()})
	hello := clientHello(t)
	began := time.Now()
	before := heap()
	conns := make([]net.Conn, 0, clients)
	for i := range clients {
		conn := b.dial()
		begun := [][]byte{nil, hello[:1], hello[:len(hello)/2], hello[:len(hello)-1], []byte("PRI * HTTP/2.0\r\n\r\nSM"), hello}[i%6]
		if _, err := conn.Write(begun); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	if answer, err := b.ask(client, tok); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("nobody else is served: %v", err)
	}
	grown := heap() - before
	t.Logf("%d stalled handshakes: %d KiB each", clients, grown/clients/1024)
	if grown > clients*perClient {
		t.Errorf("%d stalled handshakes hold %d bytes", clients, grown)
	}
	for i, conn := range conns {
		_ = conn.SetDeadline(began.Add(5 * patience))
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("client %d is still connected after %s", i, time.Since(began))
			break
		}
	}
	if answer, err := b.ask(client, tok); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("afterwards: %v", err)
	}
}

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc + stats.StackInuse)
}

// clientHello is what Go's client says first.
func clientHello(t *testing.T) []byte {
	t.Helper()
	near, far := net.Pipe()
	go func() {
		_ = tls.Client(near, &tls.Config{ServerName: "jira-api.example", MinVersion: tls.VersionTLS12}).Handshake()
	}()
	buffer := make([]byte, 64<<10)
	n, err := far.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	_ = far.Close()
	_ = near.Close()
	return buffer[:n]
}
