// SPDX-License-Identifier: Apache-2.0

package jiratest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"mime/multipart"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

func TestContentIsTheSameWhereverItIsRead(t *testing.T) {
	whole, err := io.ReadAll(jiratest.Content(7, 1000))
	if err != nil || len(whole) != 1000 {
		t.Fatal(len(whole), err)
	}
	for _, at := range []int64{0, 1, 7, 8, 9, 511, 999, 1000} {
		c := jiratest.Content(7, 1000)
		if _, err := c.Seek(at, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if rest, _ := io.ReadAll(c); !bytes.Equal(rest, whole[at:]) {
			t.Errorf("from %d: differs", at)
		}
	}
	if other, _ := io.ReadAll(jiratest.Content(8, 1000)); bytes.Equal(other, whole) {
		t.Error("seeds don't matter")
	}
}

func TestDownload(t *testing.T) {
	srv := start(t)
	const size = 100_000
	id := srv.AddAttachment(jiratest.Attachment{Issue: "DEMO-1", Name: "50% [a];b#c é.txt", Size: size, Author: "alice"})
	whole, _ := io.ReadAll(jiratest.Content(id, size))
	view := send(t, srv, "GET", "/jira/rest/api/2/issue/DEMO-1", "", ritaAuth).json(t)
	file := view["fields"].(map[string]any)["attachment"].([]any)[0].(map[string]any)
	target := "/jira" + strings.TrimPrefix(file["content"].(string), baseURL)
	a := send(t, srv, "GET", target, "", ritaAuth)
	wantStatus(t, a, http.StatusOK)
	wantHeader(t, a, "X-AUSERNAME", "rita%40corp.example")
	if a.body != string(whole) || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("%d bytes of %s", len(a.body), a.Header.Get("Content-Type"))
	}
	etag := a.Header.Get("ETag")
	for _, tc := range []struct {
		method, header string
		status         int
		body           string
	}{
		{"GET", "Range: bytes=10-19", 206, string(whole[10:20])},
		{"GET", "Range: bytes=-5", 206, string(whole[size-5:])},
		{"GET", "Range: bytes=100000-", 416, "*"},
		{"GET", "If-None-Match: " + etag, 304, ""},
		{"GET", `If-None-Match: "other"`, 200, string(whole)},
		{"GET", "Accept-Encoding: gzip", 200, string(whole)},
		{"HEAD", "X-None: 1", 200, ""},
	} {
		a := send(t, srv, tc.method, target, "", ritaAuth, tc.header)
		if a.StatusCode != tc.status || (tc.body != "*" && a.body != tc.body) {
			t.Errorf("%s %s: %d, %d bytes", tc.method, tc.header, a.StatusCode, len(a.body))
		}
	}
	wantStatus(t, send(t, srv, "GET", target+"x", "", ritaAuth), http.StatusNotFound)
	wantStatus(t, send(t, srv, "GET", strings.Replace(target, "attachment", "thumbnail", 1), "", ritaAuth), http.StatusOK)
	for _, auth := range []string{"X-None: 1", blindAuth} {
		a := send(t, srv, "GET", target, "", auth)
		wantStatus(t, a, http.StatusFound)
		if !strings.HasPrefix(a.Header.Get("Location"), baseURL+"/login.jsp?permissionViolation=true&os_destination=%2Fsecure%2Fattachment") {
			t.Error(a.Header.Get("Location"))
		}
	}
	if id := "/jira/rest/api/2/attachment/" + file["id"].(string); true {
		wantStatus(t, send(t, srv, "GET", id, "", ritaAuth), http.StatusOK)
		wantStatus(t, send(t, srv, "DELETE", id, "", ritaAuth), http.StatusForbidden)
		wantStatus(t, send(t, srv, "DELETE", id, "", aliceAuth), http.StatusNoContent)
		wantStatus(t, send(t, srv, "GET", id, "", aliceAuth), http.StatusNotFound)
	}
}

// upload posts `size` bytes of Content as a chunked multipart body that is never held in memory.
func upload(t *testing.T, srv *jiratest.Server, size int64, token string) (*http.Response, string) {
	t.Helper()
	r, w := io.Pipe()
	form, hash := multipart.NewWriter(w), sha256.New()
	go func() {
		part, _ := form.CreateFormFile("file", "up load.bin")
		_, _ = io.Copy(io.MultiWriter(part, hash), jiratest.Content(1, size))
		_ = w.CloseWithError(form.Close())
	}()
	req, err := http.NewRequest(http.MethodPost, srv.URL()+"/rest/api/2/issue/DEMO-1/attachments", r)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("alice", "pw")
	req.Header.Set("Content-Type", form.FormDataContentType())
	if token != "" {
		req.Header.Set("X-Atlassian-Token", token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	_ = r.Close()
	return res, hex.EncodeToString(hash.Sum(nil))
}

func TestUploadInConstantMemory(t *testing.T) {
	srv := start(t)
	const size = 96 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	res, hash := upload(t, srv, size, "no-check")
	runtime.ReadMemStats(&after)
	if res.StatusCode != http.StatusOK {
		t.Fatal(res.Status)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 32<<20 {
		t.Errorf("%d bytes allocated on the way", grown)
	}
	files := srv.Attachments("DEMO-1")
	if len(files) != 1 || files[0].Size != size || files[0].SHA256 != hash || files[0].Name != "up load.bin" || files[0].Author != "alice" {
		t.Errorf("%+v, want hash %s", files, hash)
	}
	if last := srv.Last(); last.BytesRead <= size || last.ContentLength != -1 || len(last.Body) != 64<<10 {
		t.Errorf("read %d, declared %d, kept %d", last.BytesRead, last.ContentLength, len(last.Body))
	}
}

func TestSmallUploadComesBack(t *testing.T) {
	srv := start(t)
	for _, token := range []string{"no-check", "nocheck"} {
		if res, _ := upload(t, srv, 5000, token); res.StatusCode != http.StatusOK {
			t.Fatal(res.Status)
		}
	}
	file := srv.Attachments("DEMO-1")[0]
	want, _ := io.ReadAll(jiratest.Content(1, 5000))
	a := send(t, srv, "GET", "/jira/secure/attachment/"+itoa(file.ID)+"/up%20load.bin", "", aliceAuth)
	if a.body != string(want) {
		t.Errorf("%d: %d bytes", a.StatusCode, len(a.body))
	}
}

func TestUploadIsRefused(t *testing.T) {
	srv := start(t)
	multi := "Content-Type: multipart/form-data; boundary=x"
	check := "X-Atlassian-Token: no-check"
	const path = "/jira/rest/api/2/issue/DEMO-1/attachments"
	whole := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhello\r\n--x--\r\n"
	wantStatus(t, send(t, srv, "POST", path, whole, multi, check, aliceAuth), http.StatusOK)
	wantStatus(t, send(t, srv, "POST", path, whole, multi, check, ritaAuth), http.StatusForbidden)
	wantStatus(t, send(t, srv, "POST", path, whole[:len(whole)-9], multi, check, aliceAuth), http.StatusBadRequest)
	wantStatus(t, send(t, srv, "POST", path, `{}`, jsonType, check, aliceAuth), http.StatusUnsupportedMediaType)
	if n := len(srv.Attachments("DEMO-1")); n != 1 {
		t.Errorf("%d files", n)
	}
}
