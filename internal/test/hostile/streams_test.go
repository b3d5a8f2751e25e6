// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
	"github.com/jiratokens/jira-token-operator/internal/test/gatewaytest"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// do makes a request with a token.
func (w *world) do(t *testing.T, method, path, tok string, body io.Reader, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+w.Address+"/jira"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+tok)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// noCrossIdentity: many tokens at once, over shared connections: everyone is answered as himself.
func noCrossIdentity(t *testing.T) {
	t.Helper()
	w := newWorld(t)
	const callers, each = 16, 50
	var all sync.WaitGroup
	for n := range callers {
		owner, tok := "alice", w.word("{{token}}")
		if n%2 == 1 {
			owner, tok = "bob", w.word("{{bob}}")
		}
		all.Go(func() {
			for range each {
				answer := w.do(t, "GET", "/rest/api/2/myself", tok, nil)
				body, err := io.ReadAll(answer.Body)
				if want := fmt.Sprintf(`"name":%q`, owner); err != nil || !strings.Contains(string(body), want) {
					t.Errorf("%s read %d %s (%v)", owner, answer.StatusCode, body, err)
				}
				_ = answer.Body.Close()
			}
		})
	}
	all.Wait()
	for _, line := range w.TakeAudit(t, callers*each) {
		if line.Reason != "allowed" {
			t.Errorf("%+v", line)
		}
	}
}

// knownAndUnknownLookAlike: whoever does not hold a token can't tell a known one from an unknown.
func knownAndUnknownLookAlike(t *testing.T) {
	t.Helper()
	w := newWorld(t)
	answers := map[string]bool{}
	for _, tok := range []string{w.word("{{unknown}}"), gatewaytest.Unknown(t), w.sameID(t)} {
		answer := w.do(t, "GET", "/rest/api/2/myself", tok, nil)
		body, _ := io.ReadAll(answer.Body)
		answer.Header.Del("Date")
		if answer.StatusCode != http.StatusUnauthorized || len(w.jira.Received()) != 0 {
			t.Errorf("%d, Jira received %d", answer.StatusCode, len(w.jira.Received()))
		}
		answers[fmt.Sprint(answer.Header, string(body))] = true
	}
	if len(answers) != 1 {
		t.Errorf("%d different answers: %v", len(answers), answers)
	}
}

// sameID is a well-formed token with the id of one that is known, and another secret.
func (w *world) sameID(t *testing.T) string {
	t.Helper()
	const head, checksum = len("jat_") + 12 + 1, 6
	other := w.word("{{unknown}}")
	body := w.word("{{token}}")[:head] + other[head:len(other)-checksum]
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum, sixth := crc32.ChecksumIEEE([]byte(body)), make([]byte, checksum)
	for i := checksum - 1; i >= 0; i-- {
		sixth[i] = alphabet[sum%62]
		sum /= 62
	}
	made := body + string(sixth)
	if _, err := token.Parse(made); err != nil {
		t.Fatal(err)
	}
	return made
}

// adminPortHoldsNoToken, and no hash.
func adminPortHoldsNoToken(t *testing.T) {
	t.Helper()
	w := newWorld(t)
	tok := w.word("{{token}}")
	w.do(t, "GET", "/rest/api/2/myself", tok, nil)
	w.do(t, "GET", "/rest/api/2/myself?t="+tok, tok, nil)
	for _, path := range []string{"/metrics", "/healthz", "/readyz", "/debug/pprof/", "/debug/vars", "/"} {
		recorder := httptest.NewRecorder()
		w.Admin.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		text := recorder.Body.String()
		if strings.Contains(text, tok[len(tok)-38:]) || strings.Contains(text, w.pats["alice"]) {
			t.Errorf("%s holds a token", path)
		}
		if known := path == "/metrics" || path == "/healthz" || path == "/readyz"; known != (recorder.Code == http.StatusOK) {
			t.Errorf("%s: %d", path, recorder.Code)
		}
	}
}

// TestLargeBodies: gigabytes would stream; 64 MiB each way, without their being held.
func TestLargeBodies(t *testing.T) {
	w := newWorld(t)
	const size = 64 << 20
	id := w.jira.AddAttachment(jiratest.Attachment{Issue: "DEMO-1", Name: "ü 100%;.bin", Size: size, Author: "alice"})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	path := fmt.Sprintf("/secure/attachment/%d/%%C3%%BC%%20100%%25%%3B.bin", id)
	answer := w.do(t, "GET", path, w.word("{{token}}"), nil)
	if n, err := io.Copy(io.Discard, answer.Body); n != size || err != nil {
		t.Errorf("%d bytes came down: %d %v", n, answer.StatusCode, err)
	}
	body, contentType := multipartOf(size)
	up := w.do(t, "POST", "/rest/api/2/issue/DEMO-1/attachments", w.word("{{token}}"), body,
		"Content-Type", contentType, "X-Atlassian-Token", "no-check")
	if up.StatusCode != http.StatusOK || w.jira.Last().BytesRead < size {
		t.Errorf("%d, %d bytes came up", up.StatusCode, w.jira.Last().BytesRead)
	}
	runtime.ReadMemStats(&after)
	if after.TotalAlloc-before.TotalAlloc > size/2 {
		t.Errorf("%d bytes were allocated on the way", after.TotalAlloc-before.TotalAlloc)
	}
	for _, tc := range []struct {
		name, value string
		status      int
		length      int
	}{
		{"Range", "bytes=0-0", 206, 1},
		{"Range", "bytes=10-109", 206, 100},
		{"Range", "bytes=-5", 206, 5},
		{"Range", fmt.Sprintf("bytes=%d-", size), 416, -1},
		{"If-None-Match", answer.Header.Get("Etag"), 304, 0},
		{"If-Modified-Since", answer.Header.Get("Last-Modified"), 304, 0},
	} {
		part := w.do(t, "GET", path, w.word("{{token}}"), nil, tc.name, tc.value)
		got, _ := io.ReadAll(part.Body)
		if part.StatusCode != tc.status || tc.length >= 0 && len(got) != tc.length {
			t.Errorf("%s: %s: %d, %d bytes", tc.name, tc.value, part.StatusCode, len(got))
		}
	}
}

func multipartOf(size int64) (body io.Reader, contentType string) {
	var head bytes.Buffer
	form := multipart.NewWriter(&head)
	_, _ = form.CreateFormFile("file", "large.bin")
	tail := "\r\n--" + form.Boundary() + "--\r\n"
	return io.MultiReader(&head, jiratest.Content(1, size), strings.NewReader(tail)), form.FormDataContentType()
}

// slowClientsAreCutOff: clients that stall hold a connection, no more, and not for long.
func slowClientsAreCutOff(t *testing.T) {
	t.Helper()
	const patience = 300 * time.Millisecond
	w := newWorld(t, func(o *gatewaytest.Options) { o.ReadHeaderTimeout, o.BodyIdleTimeout = patience, patience })
	tok := w.word("{{token}}")
	for name, tc := range map[string]struct{ sent, status string }{
		"nothing at all":   {"", ""},
		"stalled preface":  {"PRI * HTTP/2.0", ""},
		"half a head":      {"GET /jira/rest/api/2/myself HTTP/1.1\r\nHost: x\r\nX-", ""},
		"a TLS greeting":   {"\x16\x03\x01\x02\x00\x01\x00", ""},
		"half a JSON body": {"POST /jira/rest/api/2/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\nAuthorization: Bearer " + tok + "\r\n\r\n{", "408"},
		"half a chunk":     {"POST /jira/rest/api/2/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nAuthorization: Bearer " + tok + "\r\n\r\n9\r\n{", "408"},
		"half a form":      {"POST /jira/rest/api/2/issue/DEMO-1/comment HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\nAuthorization: Bearer " + tok + "\r\n\r\na", "408"},
		"a refused body":   {"POST /jira/rest/api/2/search HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na", "401"},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			conn, err := net.Dial("tcp", w.Address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(start.Add(30 * time.Second))
			if _, err := io.WriteString(conn, tc.sent); err != nil {
				t.Fatal(err)
			}
			reply, err := io.ReadAll(conn)
			if err != nil {
				t.Errorf("still open after %s: %v", time.Since(start), err)
			}
			status, _ := statusesOf(reply, "POST")
			if tc.status != "" && strings.Join(status, ",") != tc.status {
				t.Errorf("%q", reply)
			}
		})
	}
}
