// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

// peakHeap samples the heap until it is stopped. Client and Jira are in the same process and stream as well.
func peakHeap() (stop func() uint64) {
	var peak atomic.Uint64
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		var stats runtime.MemStats
		for {
			runtime.ReadMemStats(&stats)
			peak.Store(max(peak.Load(), stats.HeapInuse))
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() uint64 { close(done); <-stopped; return peak.Load() }
}

func TestAGigabyteInConstantMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("moves two gigabytes")
	}
	const size, limit = 1 << 30, 64 << 20
	b := newBench(t)
	tok := b.issue("alice", []string{"read", "write"})
	id := b.jira.AddAttachment(jiratest.Attachment{Issue: "DEMO-1", Name: "large.bin", Size: size, Author: "alice"})
	runtime.GC()
	stop := peakHeap()

	request, _ := http.NewRequest(http.MethodGet, fmt.Sprintf("http://%s/jira/secure/attachment/%d/large.bin", b.address, id), http.NoBody)
	request.Header.Set("Authorization", "Bearer "+tok)
	down, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, down.Body)
	_ = down.Body.Close()
	if n != size || err != nil || down.StatusCode != http.StatusOK {
		t.Errorf("down: %d bytes, %v, %d", n, err, down.StatusCode)
	}

	reader, writer := io.Pipe()
	form := multipart.NewWriter(writer)
	go func() {
		part, _ := form.CreateFormFile("file", "up.bin")
		_, err := io.Copy(part, jiratest.Content(1, size))
		_ = form.Close()
		_ = writer.CloseWithError(err)
	}()
	request, _ = http.NewRequest(http.MethodPost, "http://"+b.address+"/jira/rest/api/2/issue/DEMO-1/attachments", reader)
	request.Header.Set("Authorization", "Bearer "+tok)
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("X-Atlassian-Token", "no-check")
	up, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(up.Body)
	_ = up.Body.Close()
	if up.StatusCode != http.StatusOK || !strings.Contains(string(body), `"size":`+strconv.Itoa(size)) {
		t.Errorf("up: %d %s", up.StatusCode, body)
	}
	if peak := stop(); peak > limit {
		t.Errorf("the heap grew to %d MiB", peak>>20)
	}
	lines := b.auditLines(2)
	if lines[0].BytesSent != size || lines[1].BytesReceived < size {
		t.Errorf("%+v", lines)
	}
}

func TestConditionalRangeHeadAndGzipPassUnchanged(t *testing.T) {
	b := newBench(t)
	tok := bearer(b.issue("alice", []string{"read"}))
	const name = "100%25%20%3B%C3%BC.bin"
	id := b.jira.AddAttachment(jiratest.Attachment{Issue: "DEMO-1", Name: "100% ;ü.bin", Size: 1000, Author: "alice"})
	target := fmt.Sprintf("/jira/secure/attachment/%d/%s", id, name)
	whole := b.send("GET", target, tok)
	if whole.StatusCode != http.StatusOK || len(whole.body) != 1000 {
		t.Fatalf("%d %s", whole.StatusCode, whole.body)
	}
	a := b.send("GET", target, tok, "If-None-Match: "+whole.Header.Get("Etag"))
	if a.StatusCode != http.StatusNotModified || a.Header.Get("Etag") != whole.Header.Get("Etag") {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	a = b.send("GET", target, tok, "Range: bytes=10-19")
	if a.StatusCode != http.StatusPartialContent || a.body != whole.body[10:20] || a.Header.Get("Content-Range") != "bytes 10-19/1000" {
		t.Errorf("%d %v %q", a.StatusCode, a.Header, a.body)
	}
	a = b.send("HEAD", target, tok)
	if a.StatusCode != http.StatusOK || a.Header.Get("Content-Length") != "1000" || a.body != "" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	a = b.send("HEAD", "/jira/rest/pat/latest/tokens", tok)
	if a.StatusCode != http.StatusForbidden || a.body != "" || a.Header.Get("Content-Length") == "0" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	a = b.send("GET", myself, tok, "Accept-Encoding: gzip")
	zipped, err := gzip.NewReader(strings.NewReader(a.body))
	if err != nil || a.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("%v %v", err, a.Header)
	}
	if plain, _ := io.ReadAll(zipped); !bytes.Contains(plain, []byte("alice")) {
		t.Errorf("%s", plain)
	}
}

// TestARefusedUploadIsNotRead: neither the body nor 100 Continue comes before the decision.
func TestARefusedUploadIsNotRead(t *testing.T) {
	b := newBench(t)
	for name, tc := range map[string]struct {
		auth  string
		first string
	}{
		"refused": {bearer(b.issue("alice", []string{"read"})), "HTTP/1.1 403"},
		"allowed": {bearer(b.issue("alice", []string{"write"})), "HTTP/1.1 100"},
		"unknown": {bearer(unknownToken), "HTTP/1.1 401"},
	} {
		conn := b.dial()
		_, _ = io.WriteString(conn, "POST /jira/rest/api/2/issue/DEMO-1/comment HTTP/1.1\r\nHost: x\r\n"+tc.auth+
			"\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n")
		reader := bufio.NewReader(conn)
		line, err := reader.ReadString('\n')
		if !strings.HasPrefix(line, tc.first) {
			t.Errorf("%s: %q %v", name, line, err)
		}
		if name == "allowed" {
			_, _ = reader.ReadString('\n')
			_, _ = io.WriteString(conn, `{"body":"x"}`)
			if a := b.readAnswer(reader, "POST"); a.StatusCode != http.StatusCreated {
				t.Errorf("%d %s", a.StatusCode, a.body)
			}
			if got := b.jira.Last().Header.Get("Expect"); got != "" {
				t.Errorf("Expect: %q", got)
			}
		}
	}
}

// TestARefusalWaitsForNoBody: a client that announces a body and does not send it has its answer all the same.
func TestARefusalWaitsForNoBody(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, length := range []string{"Content-Length: 100", "Content-Length: 100000000", "Transfer-Encoding: chunked"} {
		conn := b.dial()
		start := time.Now()
		reader := bufio.NewReader(conn)
		head := "POST /jira/rest/api/2/issue HTTP/1.1\r\nHost: x\r\n" + bearer(b.issue("alice", []string{"read"})) + "\r\n"
		_, _ = io.WriteString(conn, head+length+"\r\n\r\n")
		if a := b.readAnswer(reader, "POST"); a.StatusCode != http.StatusForbidden || time.Since(start) > 15*time.Second {
			t.Errorf("%s: %d after %v", length, a.StatusCode, time.Since(start))
		}
		if rest, err := io.ReadAll(reader); len(rest) != 0 || err != nil || time.Since(start) > 15*time.Second {
			t.Errorf("%s: the connection is not given up: %q %v", length, rest, err)
		}
	}
	// A client that does send it keeps its connection.
	conn := b.dial()
	reader := bufio.NewReader(conn)
	for range 3 {
		_, _ = io.WriteString(conn, "POST /jira/rest/api/2/issue HTTP/1.1\r\nHost: x\r\n"+
			bearer(b.issue("alice", []string{"read"}))+"\r\nContent-Length: 5\r\n\r\nhello")
		if a := b.readAnswer(reader, "POST"); a.StatusCode != http.StatusForbidden {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	}
}

func (b *bench) dial() net.Conn {
	b.Helper()
	conn, err := net.Dial("tcp", b.address)
	if err != nil {
		b.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	b.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestAStalledUploadIsGivenUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tok := bearer(b.issue("alice", []string{"write"}))
	for _, contentType := range []string{"application/json", "application/x-www-form-urlencoded"} {
		conn := b.dial()
		start := time.Now()
		_, _ = io.WriteString(conn, "POST /jira/rest/api/2/issue/DEMO-1/comment HTTP/1.1\r\nHost: x\r\n"+tok+
			"\r\nContent-Type: "+contentType+"\r\nContent-Length: 100\r\n\r\nabc")
		a := b.readAnswer(bufio.NewReader(conn), "POST")
		if a.StatusCode != http.StatusRequestTimeout || !a.Close {
			t.Errorf("%s: %d %s", contentType, a.StatusCode, a.body)
		}
		if took := time.Since(start); took < 500*time.Millisecond || took > 15*time.Second {
			t.Errorf("after %v", took)
		}
	}
}

// TestASlowExchangeIsNotGivenUp: what moves goes on for longer than the idle time-out, and waiting for Jira is no idling
// of the client's.
func TestASlowExchangeIsNotGivenUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tok := bearer(b.issue("alice", []string{"read", "write"}))
	conn := b.dial()
	reader := bufio.NewReader(conn)
	body := `{"body":"` + strings.Repeat("x", 10) + `"}`
	_, _ = io.WriteString(conn, "POST /jira/rest/api/2/issue/DEMO-1/comment HTTP/1.1\r\nHost: x\r\n"+tok+
		"\r\nContent-Type: application/json\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n")
	for i := range body {
		time.Sleep(70 * time.Millisecond)
		_, _ = conn.Write([]byte{body[i]})
	}
	if a := b.readAnswer(reader, "POST"); a.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	b.jira.Fault(jiratest.Fault{Delay: 1500 * time.Millisecond, Times: 2})
	_, _ = io.WriteString(conn, "POST /jira/rest/api/2/search HTTP/1.1\r\nHost: x\r\n"+tok+
		"\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
	if a := b.readAnswer(reader, "POST"); a.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	_, _ = io.WriteString(conn, "GET "+myself+" HTTP/1.1\r\nHost: x\r\n"+tok+"\r\n\r\n")
	if a := b.readAnswer(reader, "GET"); a.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	time.Sleep(1200 * time.Millisecond) // the write deadline of the answer before has passed
	_, _ = io.WriteString(conn, "POST /jira/rest/api/2/search HTTP/1.1\r\nHost: x\r\n"+tok+
		"\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n")
	if line, err := reader.ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 100") {
		t.Fatalf("%q %v", line, err)
	}
	_, _ = reader.ReadString('\n')
	_, _ = io.WriteString(conn, "{}")
	if a := b.readAnswer(reader, "POST"); a.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
}

func TestAClientThatDoesNotReadIsGivenUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.jira.AddAttachment(jiratest.Attachment{Issue: "DEMO-1", Name: "a.bin", Size: 1 << 30, Author: "alice"})
	conn := b.dial()
	_, _ = fmt.Fprintf(conn, "GET /jira/secure/attachment/%d/a.bin HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n", id,
		bearer(b.issue("alice", []string{"read"})))
	line := b.auditLines(1)[0]
	if line.Reason != reasonAborted || line.BytesSent == 0 || line.BytesSent == 1<<30 {
		t.Errorf("%+v", line)
	}
}

func TestClientsThatGoAwayAreAccountedFor(t *testing.T) {
	b := newBench(t)
	b.jira.Fault(jiratest.Fault{Delay: 10 * time.Second})
	conn := b.dial()
	_, _ = io.WriteString(conn, "GET "+myself+" HTTP/1.1\r\nHost: x\r\n"+bearer(b.issue("alice", []string{"read"}))+"\r\n\r\n")
	for len(b.jira.Received()) == 0 {
		time.Sleep(time.Millisecond)
	}
	_ = conn.Close()
	if line := b.auditLines(1)[0]; line.Reason != reasonGone || line.Status != statusClientGone {
		t.Errorf("%+v", line)
	}
}

func TestForms(t *testing.T) {
	b := newBench(t)
	tok := b.issue("alice", []string{"read", "write"})
	const form = "Content-Type: application/x-www-form-urlencoded"
	for name, tc := range map[string]struct {
		body   string
		status int
	}{
		"os_username":        {"os_username=bob&os_password=x", 400},
		"encoded":            {"a=b&os%5Fusername=bob", 400},
		"plus before":        {"a=b&+os_username=bob", 400},
		"oauth":              {"oauth_token=x", 400},
		"xoauth":             {"xoauth%5frequestor_id=bob", 400},
		"user_id":            {"USER_ID=bob", 400},
		"method":             {"_method=DELETE", 400},
		"token":              {"text=" + strings.Replace(tok, "_", "%5F", 1), 400},
		"too large":          {strings.Repeat("a", maxFormBytes+1), 413},
		"too many":           {strings.Repeat("&", maxParameters+1), 400},
		"as large as can be": {"a=" + strings.Repeat("a", maxFormBytes-2), 415}, // Jira's own answer
	} {
		b.jira.Reset()
		a := b.sendBody("POST", "/jira/rest/api/2/search", tc.body, bearer(tok), form, "X-Atlassian-Token: no-check")
		if a.StatusCode != tc.status {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
		if reached := len(b.jira.Received()) > 0; reached != (name == "as large as can be") {
			t.Errorf("%s: reached Jira: %v", name, reached)
		}
	}
	if a := b.send("POST", "/jira/rest/api/2/search", bearer(tok), form, "Transfer-Encoding: chunked", "",
		fmt.Sprintf("%x", maxFormBytes+2), strings.Repeat("a", maxFormBytes+2), "0", ""); a.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("chunked: %d", a.StatusCode)
	}
}
