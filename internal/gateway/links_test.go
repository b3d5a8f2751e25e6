// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

// links are JSON texts before and after, with Jira at https://jira.example/jira.
var links = map[string]string{
	`{"self":"https://jira.example/jira/rest/api/2/issue/1"}`:            `{"self":"https://jira-api.example/jira/rest/api/2/issue/1"}`,
	`["https:\/\/jira.example\/jira\/rest\/x"]`:                          `["https:\/\/jira-api.example\/jira\/rest\/x"]`,
	`["https://jira.example/jira/secure/attachment/1/a.txt"]`:            `["https://jira-api.example/jira/secure/attachment/1/a.txt"]`,
	`["https://jira.example/jira/secure/useravatar?x=1"]`:                `["https://jira-api.example/jira/secure/useravatar?x=1"]`,
	`["https://jira.example/jira/browse/DEMO-1"]`:                        "",
	`["https://jira.example/jira"]`:                                      "",
	`["https://jira.example/jira2/rest/x"]`:                              "",
	`["https://jira.example.evil/jira/rest/x"]`:                          "",
	`["http://jira.example/jira/rest/x"]`:                                "",
	`["see https://jira.example/jira/rest/x"]`:                           "",
	`["a \"https://jira.example/jira/rest/x\" b"]`:                       "",
	`["a\\","https://jira.example/jira/rest/x"]`:                         `["a\\","https://jira-api.example/jira/rest/x"]`,
	`["a\\\"https://jira.example/jira/rest/x"]`:                          "",
	`["https://jira.example/jira/rest/`:                                  `["https://jira-api.example/jira/rest/`,
	`["https://jira.example/jira/res`:                                    "",
	`"`:                                                                  "",
	``:                                                                   "",
	`["", "https://jira.example/jira/rest/x", ""]`:                       `["", "https://jira-api.example/jira/rest/x", ""]`,
	`["https://jira.example/jira/https://jira.example/jira/rest/x"]`:     "",
	`["https://jira.example/jira/rest/https://jira.example/jira/rest/"]`: `["https://jira-api.example/jira/rest/https://jira.example/jira/rest/"]`,
}

// TestLinksAreRewritten: however the text is cut into pieces.
func TestLinksAreRewritten(t *testing.T) {
	rewriter := newLinkRewriter(jiraBase, publicBase)
	long := strings.Repeat(" ", linkBuffer-20)
	for text, want := range links {
		if want == "" {
			want = text
		}
		for name, from := range map[string]io.Reader{
			"whole": strings.NewReader(text), "byte by byte": iotest.OneByteReader(strings.NewReader(text)),
			"with its end": iotest.DataErrReader(strings.NewReader(text)), "across a buffer": strings.NewReader(long + text),
		} {
			got, err := io.ReadAll(newLinkReader(io.NopCloser(from), rewriter.edits))
			if err != nil || strings.TrimLeft(string(got), " ") != want {
				t.Errorf("%s, %s: %v\n%s, want\n%s", text, name, err, got, want)
			}
		}
	}
	broken := io.MultiReader(strings.NewReader(`["https://jira`), iotest.ErrReader(errors.New("broke off")))
	if got, err := io.ReadAll(newLinkReader(io.NopCloser(broken), rewriter.edits)); err == nil || string(got) != `["https://jira` {
		t.Errorf("%s %v", got, err)
	}
	if newLinkRewriter(jiraBase, jiraBase) != nil {
		t.Error("there is nothing to rewrite")
	}
}

// TestLinksThroughTheGateway: of answers of the REST API, with the switch, for tokens and for people.
func TestLinksThroughTheGateway(t *testing.T) {
	b := newBench(t)
	tok := bearer(b.issue("alice", []string{"read"}))
	const self = `"self":"https://jira-api.example/jira/rest/api/2/`
	a := b.send("GET", "/jira/rest/api/2/issue/DEMO-1", tok)
	if strings.Contains(a.body, "jira-api") || !strings.Contains(a.body, jiraBase+"/rest/api/2/") {
		t.Fatalf("without the switch: %s", a.body)
	}
	before := len(a.body)
	b.config.RewriteLinks = true
	b.setPersonal(false, "basic: Allow")
	for _, credential := range []string{tok, "Authorization: " + basic("alice", "pw-alice")} {
		b.forget()
		a = b.send("GET", "/jira/rest/api/2/issue/DEMO-1", credential, "Accept-Encoding: gzip, br", "Range: bytes=0-10", "If-Range: x")
		if a.StatusCode != http.StatusOK || !strings.Contains(a.body, self) || strings.Contains(a.body, `"`+jiraBase+"/rest/") ||
			len(a.body) <= before || a.ContentLength != -1 {
			t.Errorf("%d %v %s", a.StatusCode, a.Header, a.body)
		}
		sent := b.jira.Last().Header
		if sent.Get("Accept-Encoding") != "identity" || sent.Get("Range")+sent.Get("If-Range") != "" {
			t.Errorf("%v", sent)
		}
		head := b.send("HEAD", "/jira/rest/api/2/issue/DEMO-1", credential)
		if head.StatusCode != http.StatusOK || head.Header.Get("Content-Length") != "" {
			t.Errorf("HEAD: %d %v", head.StatusCode, head.Header)
		}
	}
	// What is no REST goes on as it is, in ranges too.
	b.send("GET", "/jira/secure/attachment/1/x", tok, "Accept-Encoding: gzip", "Range: bytes=0-10")
	if sent := b.jira.Last().Header; sent.Get("Accept-Encoding") != "gzip" || sent.Get("Range") == "" {
		t.Errorf("%v", sent)
	}
}

// TestWhichAnswersAreRewritten looks at the headers.
func TestWhichAnswersAreRewritten(t *testing.T) {
	rewriter := newLinkRewriter(jiraBase, publicBase)
	for name, tc := range map[string]struct {
		status               int
		path, kind, encoding string
		etag, wantTag        string
		rewritten            bool
	}{
		"json":               {200, "rest", "application/json", "", `"x"`, `W/"x"`, true},
		"created":            {201, "rest", "application/json;charset=UTF-8", "", `W/"x"`, `W/"x"`, true},
		"error":              {404, "rest", "application/json; charset=utf-8", "", "", "", true},
		"other charset":      {200, "rest", "application/json;charset=UTF-16", "", `"x"`, `"x"`, false},
		"text":               {200, "rest", "text/plain", "", `"x"`, `"x"`, false},
		"no type":            {200, "rest", "", "", `"x"`, `"x"`, false},
		"nearly":             {200, "rest", "application/json-patch+json", "", `"x"`, `"x"`, false},
		"compressed":         {200, "rest", "application/json", "gzip", `"x"`, `"x"`, false},
		"a part":             {206, "rest", "application/json", "", `"x"`, `"x"`, false},
		"not modified":       {304, "rest", "", "", `"x"`, `W/"x"`, false},
		"attachment of JSON": {200, "secure", "application/json", "", `"x"`, `"x"`, false},
	} {
		text := `["` + jiraBase + `/rest/x"]`
		answer := &http.Response{
			StatusCode: tc.status, Body: io.NopCloser(strings.NewReader(text)),
			Header: http.Header{"Content-Type": {tc.kind}, "Content-Length": {fmt.Sprint(len(text))}, "Digest": {"x"}},
		}
		if tc.encoding != "" {
			answer.Header.Set("Content-Encoding", tc.encoding)
		}
		if tc.etag != "" {
			answer.Header.Set("ETag", tc.etag)
		}
		rewriter.rewrite(answer, []string{tc.path, "x"})
		got, err := io.ReadAll(answer.Body)
		changed := strings.Contains(string(got), publicBase)
		kept := answer.Header.Get("Content-Length") != "" && answer.Header.Get("Digest") != ""
		if err != nil || changed != tc.rewritten || kept == tc.rewritten || answer.Header.Get("ETag") != tc.wantTag {
			t.Errorf("%s: %v %v %s", name, err, answer.Header, got)
		}
	}
	var off *linkRewriter
	off.prepare([]string{"rest"}, nil)
	off.rewrite(nil, []string{"rest"})
}

// TestLinksPastTheGatewayAreWarnedOf: once they lead elsewhere and nothing is done about it.
func TestLinksPastTheGatewayAreWarnedOf(t *testing.T) {
	b := newBench(t)
	for _, tc := range []struct {
		publicURL string
		rewrite   bool
		want      bool
	}{{publicBase, false, true}, {publicBase, true, false}, {jiraBase, false, false}, {jiraBase, true, false}} {
		b.config.Jira.PublicURL, b.config.RewriteLinks = tc.publicURL, tc.rewrite
		settings, err := Compile(b.config, b.secrets)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(strings.Join(settings.Warnings(), " "), "spec.gateway.rewriteLinks: true"); got != tc.want {
			t.Errorf("%+v: %v", tc, settings.Warnings())
		}
	}
}
