// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"

	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// TestOneRequestStaysOne: framing that two servers could read in two ways brings nothing to Jira that was not authorised.
func TestOneRequestStaysOne(t *testing.T) {
	b := newBench(t)
	tok := bearer(b.issue("alice", []string{"read"}))
	const smuggled = "DELETE /jira/rest/api/2/issue/DEMO-1 HTTP/1.1\r\nHost: x\r\nX-Smuggled: 1\r\n\r\n"
	head := "POST /jira/rest/api/2/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + tok + "\r\n"
	for name, text := range map[string]string{
		"both lengths":             head + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"two lengths":              head + "Content-Length: 2\r\nContent-Length: 90\r\n\r\n{}" + smuggled,
		"list of lengths":          head + "Content-Length: 2, 90\r\n\r\n{}" + smuggled,
		"signed length":            head + "Content-Length: +2\r\n\r\n{}" + smuggled,
		"space before the colon":   head + "Transfer-Encoding : chunked\r\nContent-Length: 2\r\n\r\n{}" + smuggled,
		"odd transfer coding":      head + "Transfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\n{}" + smuggled,
		"two transfer codings":     head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + smuggled,
		"vertical tab":             head + "Transfer-Encoding: \x0bchunked\r\nContent-Length: 2\r\n\r\n{}" + smuggled,
		"folded header":            head + "X-A: b\r\n Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}" + smuggled,
		"bare line feed in chunk":  head + "Transfer-Encoding: chunked\r\n\r\n2;\n{}\r\n0\r\n\r\n" + smuggled,
		"bare line feed, longer":   head + "Transfer-Encoding: chunked\r\n\r\n2;x\nxx\r\n64\r\n0\r\n\r\n" + smuggled,
		"chunk too long":           head + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff2\r\n{}\r\n0\r\n\r\n" + smuggled,
		"underscore":               head + "Transfer_Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}" + smuggled,
		"named in Connection":      head + "Connection: Content-Length\r\nContent-Length: 2\r\n\r\n{}" + smuggled,
		"GET with a body":          "GET " + myself + " HTTP/1.1\r\nHost: x\r\n" + tok + "\r\nContent-Length: 2\r\n\r\n{}" + smuggled,
		"HTTP/1.0 and chunked":     strings.Replace(head, "HTTP/1.1", "HTTP/1.0", 1) + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"carriage return in value": head + "X-A: b\rTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}" + smuggled,
		"two hosts":                head + "Host: y\r\nContent-Length: 2\r\n\r\n{}" + smuggled,
	} {
		b.jira.Reset()
		conn := b.dial()
		_, _ = io.WriteString(conn, text)
		reply := make([]byte, len("HTTP/1."))
		_, _ = io.ReadFull(conn, reply)
		_ = conn.SetDeadline(time.Now().Add(300 * time.Millisecond)) // what was smuggled would be answered after it
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
		if !bytes.HasPrefix(reply, []byte("HTTP/1.")) {
			t.Errorf("%s: no answer: %q", name, reply)
		}
		for _, got := range b.jira.Received() {
			if got.Method == http.MethodDelete || got.Header.Get("X-Smuggled") != "" || strings.Contains(string(got.Body), "DELETE") {
				t.Errorf("%s: Jira received %+v", name, got)
			}
		}
	}
}

// TestABrokenBodyIsNotAClientThatWent: whoever frames a body wrongly is there to be told.
func TestABrokenBodyIsNotAClientThatWent(t *testing.T) {
	b := newBench(t)
	a := b.raw("POST /jira/rest/api/2/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
		bearer(b.issue("alice", []string{"read"})) + "\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n{}\r\n0\r\n\r\n")
	if message := a.message(t); a.StatusCode != http.StatusBadRequest || !strings.Contains(message, "chunks") {
		t.Errorf("%d %s", a.StatusCode, message)
	}
	if line := b.auditLines(1)[0]; line.Reason != reasonBody {
		t.Errorf("%+v", line)
	}
}

// panicking is a table with a bug.
type panicking struct{}

func (panicking) Lookup(token.Hash) (grant.Record, bool) { panic("a bug near jat_secret") }

func TestABugIsNoAnswer(t *testing.T) {
	b := newBench(t)
	var log syncBuffer
	b.handler.grants = panicking{}
	b.handler.log = funcr.New(func(prefix, args string) { _, _ = io.WriteString(&log, prefix+args) }, funcr.Options{})
	conn := b.dial()
	_, _ = io.WriteString(conn, "GET "+myself+" HTTP/1.1\r\nHost: x\r\n"+bearer(unknownToken)+"\r\n\r\n")
	if reply, _ := io.ReadAll(conn); len(reply) != 0 {
		t.Errorf("%q", reply)
	}
	if line := b.auditLines(1)[0]; line.Reason != reasonPanic || line.Decision != "failed" {
		t.Errorf("%+v", line)
	}
	if text := log.String(); !strings.Contains(text, "panicking.Lookup") || strings.Contains(text, "jat_") {
		t.Errorf("%s", text)
	}
}
