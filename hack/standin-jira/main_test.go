// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

const sample = `{
  "users": [
    {"name": "alice", "password": "pw", "groups": ["developers"], "permissions": ["browse", "edit"],
     "pats": [{"name": "laptop", "token": "alices-token"}, {"name": "old", "token": "old-token", "expires": "2020-01-01T00:00:00Z"}]}],
  "groups": [{"name": "everyone", "subgroups": ["developers"]}],
  "projects": [{"key": "DEMO", "name": "Demo"}],
  "issues": [{"key": "DEMO-1", "summary": "First", "reporter": "alice", "attachments": [{"name": "a.bin", "size": 10}]}]}`

// output is what run says, readable while it still runs.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func publicKey(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: raw}))
}

// serve runs the binary's run until the test ends and returns its URL.
func serve(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, done := &output{}, make(chan error, 1)
	go func() { done <- run(ctx, append([]string{"--listen", "127.0.0.1:0"}, args...), out) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stopped with %v", err)
		}
		for _, secret := range []string{"alices-token", "s3cret"} {
			if strings.Contains(out.String(), secret) {
				t.Errorf("secret in the output: %s", out)
			}
		}
	})
	listening := regexp.MustCompile(`listening on (http://[^,]+),`)
	for range 500 {
		if m := listening.FindStringSubmatch(out.String()); m != nil {
			return m[1]
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("never listened: %s", out)
	return ""
}

func get(t *testing.T, method, url string, headers ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestServesWhatTheFlagsSay(t *testing.T) {
	url := serve(t, "--context-path", "/jira", "--base-url", "https://jira.example/jira", "--data", write(t, sample),
		"--oauth-consumer-key", "gateway", "--oauth-public-key", write(t, publicKey(t)),
		"--trusted-header", "X-User", "--trusted-header-secret-header", "X-Secret",
		"--trusted-header-secret-file", write(t, "s3cret\n"))
	if !strings.HasSuffix(url, "/jira") {
		t.Fatal(url)
	}
	const myself = "/rest/api/2/myself"
	for _, tc := range []struct {
		headers []string
		status  int
	}{
		{nil, 401},
		{[]string{"Authorization: Bearer alices-token"}, 200},
		{[]string{"Authorization: Bearer old-token"}, 401},
		{[]string{"Authorization: Basic YWxpY2U6cHc="}, 200},
		{[]string{"X-User: alice", "X-Secret: s3cret"}, 200},
		{[]string{"X-User: alice", "X-Secret: no"}, 401},
	} {
		if status, body := get(t, http.MethodGet, url+myself, tc.headers...); status != tc.status {
			t.Errorf("%v: %d %s", tc.headers, status, body)
		}
	}
	_, body := get(t, http.MethodGet, url+"/rest/api/2/issue/DEMO-1", "Authorization: Bearer alices-token")
	if !strings.Contains(body, `"content":"https://jira.example/jira/secure/attachment/`) || !strings.Contains(body, "a.bin") {
		t.Error(body)
	}
	status, body := get(t, http.MethodGet, url+"/_received")
	if status != 200 || strings.Count(body, `"target":"/jira/rest/api/2/myself"`) != 6 || !strings.Contains(body, `"user":"alice"`) {
		t.Errorf("%d %s", status, body)
	}
	if status, _ = get(t, http.MethodDelete, url+"/_received"); status != 204 {
		t.Error(status)
	}
	if _, body = get(t, http.MethodGet, url+"/_received"); strings.TrimSpace(body) != "[]" {
		t.Error(body)
	}
	if status, _ = get(t, http.MethodPost, url+"/_received"); status != 405 {
		t.Error(status)
	}
}

func TestBaseURLIsTheSocketsByDefault(t *testing.T) {
	url := serve(t)
	if _, body := get(t, http.MethodGet, url+"/rest/api/2/serverInfo"); !strings.Contains(body, `"baseUrl":"`+url+`"`) {
		t.Error(body)
	}
}

func TestRefusesToStart(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"argument":        {[]string{"x"}, "unexpected argument"},
		"context path":    {[]string{"--context-path", "jira"}, "context path"},
		"base URL":        {[]string{"--base-url", "https://j/other"}, "base URL"},
		"half of OAuth":   {[]string{"--oauth-consumer-key", "x"}, "go together"},
		"half of header":  {[]string{"--trusted-header", "x"}, "go together"},
		"no such file":    {[]string{"--data", "/nowhere"}, "/nowhere"},
		"not PEM":         {[]string{"--oauth-consumer-key", "x", "--oauth-public-key", write(t, "x")}, "not PEM"},
		"other PEM":       {[]string{"--oauth-consumer-key", "x", "--oauth-public-key", write(t, "-----BEGIN X-----\n-----END X-----\n")}, "RSA public key"},
		"empty secret":    {[]string{"--trusted-header", "a", "--trusted-header-secret-header", "b", "--trusted-header-secret-file", write(t, "\n")}, "no secret"},
		"unknown field":   {[]string{"--data", write(t, `{"user":[]}`)}, "unknown field"},
		"unnamed user":    {[]string{"--data", write(t, `{"users":[{}]}`)}, "needs a name"},
		"permission":      {[]string{"--data", write(t, `{"users":[{"name":"a","permissions":["all"]}]}`)}, "browse, edit or admin"},
		"token":           {[]string{"--data", write(t, `{"users":[{"name":"a","pats":[{"name":"t"}]}]}`)}, "needs its secret"},
		"project key":     {[]string{"--data", write(t, `{"projects":[{"key":"x y"}]}`)}, "like DEMO"},
		"issue key":       {[]string{"--data", write(t, `{"issues":[{"key":"-1"}]}`)}, "like DEMO-7"},
		"attachment size": {[]string{"--data", write(t, `{"issues":[{"key":"A-1","attachments":[{"name":"a","size":-1}]}]}`)}, "not negative"},
	} {
		err := run(t.Context(), append([]string{"--listen", "127.0.0.1:0"}, tc.args...), io.Discard)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

func TestHelp(t *testing.T) {
	var out output
	if err := run(t.Context(), []string{"--help"}, &out); !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	for _, want := range []string{"--data", "_received", "-trusted-header-secret-file", "-listen"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("help says nothing of %s", want)
		}
	}
}
