// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestContentTypesThatMeanSomethingElse: none reaches Jira, whatever the body.
func TestContentTypesThatMeanSomethingElse(t *testing.T) {
	b := newBench(t)
	tok := bearer(b.issue("alice", []string{"read", "write"}))
	const form = "application/x-www-form-urlencoded"
	for _, tc := range []struct {
		method, contentType, more string
		status                    int
		passes                    bool
	}{
		{"POST", form, "", 415, true}, // Jira's own answer: it wants JSON
		{"POST", " \t" + form + "\t ", "", 415, true},
		{"POST", form + " ; charset=\"UTF-8\"", "", 415, true},
		{"POST", form + ";charset=iso-8859-1", "", 415, true},
		{"POST", "application/json; charset = utf-8", "", 400, true}, // not the JSON that it wants
		{"GET", "application/json;charset=US-ASCII", "", 200, true},
		{"GET", "", "", 200, true},
		{"POST", form, "Content-Encoding: gzip", 400, false},
		{"POST", form, "Content-Encoding: identity", 400, false},
		{"POST", form, "Content-Encoding:", 400, false},
		{"POST", form, "content-encoding: deflate\r\nConnection: content-encoding", 400, false},
		{"POST", "\u00a0" + form, "", 400, false},
		{"POST", form + "\xa0", "", 400, false},
		{"POST", "\x85" + form, "", 400, false},
		{"POST", form + "\x85; charset=utf-8", "", 400, false},
		{"POST", `"` + form + `"`, "", 400, false},
		{"POST", "'" + form + "'", "", 400, false},
		{"POST", form + ",", "", 400, false},
		{"POST", form + ", application/json", "", 400, false},
		{"POST", "application/json, " + form, "", 400, false},
		{"POST", "application/json; x=" + form, "", 400, false},
		{"POST", "application / x-www-form-urlencoded", "", 400, false},
		{"POST", "X-WWW-Form-urlencoded", "", 400, false},
		{"GET", form + "\xa0", "", 400, false},
		{"POST", form + "; charset=utf-16", "", 415, false},
		{"POST", form + "; charset=utf-8; charset=IBM037", "", 415, false},
		{"POST", form + "; charset=\"IBM037\"", "", 415, false},
		{"POST", "application/json; Charset=utf-7", "", 415, false},
		{"POST", "application/jsoncharset=cp500", "", 415, false},
		{"POST", "application/json; x=\"charset=cp500\"", "", 415, false},
		{"POST", "application/json; charset=utf-8 charset=cp500", "", 415, false},
		{"POST", "application/json; charset*=cp500", "", 415, false},
		{"POST", "multipart/form-data; boundary=x; charset=utf-32", "", 415, false},
		{"GET", "text/plain; charset=IBM037", "", 415, false},
		{"GET", ";charset=IBM037", "", 415, false},
		{"HEAD", "x; charset=", "", 415, false},
	} {
		b.jira.Reset()
		lines := []string{tok, "X-Atlassian-Token: no-check"}
		if tc.contentType != "" {
			lines = append(lines, "Content-Type: "+tc.contentType)
		}
		if tc.more != "" {
			lines = append(lines, tc.more)
		}
		target, body := "/jira/rest/api/2/search", "{}"
		if tc.method != http.MethodPost {
			target, body = myself, ""
		}
		a := b.sendBody(tc.method, target, body, lines...)
		if reached := len(b.jira.Received()) > 0; reached != tc.passes || a.StatusCode != tc.status && !tc.passes {
			t.Errorf("%s %q %q: %d %s, reached Jira: %v", tc.method, tc.contentType, tc.more, a.StatusCode, a.body, reached)
		}
	}
}

// formServer reads forms and holds them until it is told to let them go.
func formServer(t *testing.T, store *formStore, idle time.Duration) (url string, release chan struct{}) {
	t.Helper()
	release = make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := &timedBody{ReadCloser: r.Body, control: http.NewResponseController(w), idle: idle}
		defer body.finish()
		_, refusal := store.read(body, r.ContentLength)
		if refusal != nil {
			refusal.write(w, &Request{Method: r.Method})
			return
		}
		_, _ = io.WriteString(w, "held")
		_ = http.NewResponseController(w).Flush()
		<-release
	}))
	t.Cleanup(server.Close)
	return server.URL, release
}

func postForm(t *testing.T, url, body string, chunked bool) *http.Response {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if chunked {
		request.ContentLength = -1
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// TestFormsHaveOnlySoMuchRoom: it is given back when the request is finished, however it ended.
func TestFormsHaveOnlySoMuchRoom(t *testing.T) {
	store := newFormStore(maxFormBytes, maxFormBytes+100, time.Minute)
	url, release := formServer(t, store, time.Minute)
	var held []*http.Response
	for _, step := range []struct {
		body    string
		chunked bool
		status  int
	}{
		{strings.Repeat("a", 60), false, 200},
		{"a=b", true, 200}, // of unknown length: as much as it can become is reserved
		{strings.Repeat("a", 41), false, 503},
		{"a=b", true, 503},
		{strings.Repeat("a", maxFormBytes+1), false, 413},
		{strings.Repeat("a", 40), false, 200},
		{"a", false, 503},
	} {
		answer := postForm(t, url, step.body, step.chunked)
		if answer.StatusCode != step.status {
			t.Errorf("%d bytes, chunked %v: %d", len(step.body), step.chunked, answer.StatusCode)
		}
		if step.status == http.StatusServiceUnavailable && answer.Header.Get("Retry-After") == "" {
			t.Errorf("%v", answer.Header)
		}
		if step.status == http.StatusOK {
			held = append(held, answer)
		}
	}
	close(release)
	for _, answer := range held {
		_, _ = io.Copy(io.Discard, answer.Body)
	}
	for deadline := time.Now().Add(30 * time.Second); store.room.Load() != maxFormBytes+100; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes of room", store.room.Load())
		}
	}
}

// TestAFormThatTricklesIsGivenUp: it moves all the time, but it is held all the time too.
func TestAFormThatTricklesIsGivenUp(t *testing.T) {
	store := newFormStore(maxFormBytes, maxFormBytes, 300*time.Millisecond)
	url, _ := formServer(t, store, time.Minute)
	b := &bench{TB: t, address: strings.TrimPrefix(url, "http://")}
	conn := b.dial()
	start := time.Now()
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
	go func() {
		for range 900 {
			if _, err := io.WriteString(conn, "a"); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	a := b.readAnswer(bufio.NewReader(conn), "POST")
	if took := time.Since(start); a.StatusCode != http.StatusRequestTimeout || took < 200*time.Millisecond || took > 15*time.Second {
		t.Errorf("%d after %v", a.StatusCode, took)
	}
	_ = conn.Close()
	for deadline := time.Now().Add(30 * time.Second); store.room.Load() != maxFormBytes; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the room is not given back")
		}
	}
}

// TestTheGatewayGivesTheRoomOfFormsBack goes the whole way.
func TestTheGatewayGivesTheRoomOfFormsBack(t *testing.T) {
	b := newBench(t)
	tok := bearer(b.issue("alice", []string{"read", "write"}))
	for range 3 * maxFormsBytes / maxFormBytes {
		a := b.sendBody("POST", "/jira/rest/api/2/search", strings.Repeat("a", maxFormBytes), tok, "Content-Type: "+formType)
		if a.StatusCode == http.StatusServiceUnavailable {
			t.Fatalf("%s", a.body)
		}
	}
}
