// SPDX-License-Identifier: Apache-2.0

package jira_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/jira"
)

// TestAccessTokenAnswers: whatever is said in place of a token is an error that repeats nothing of it.
func TestAccessTokenAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		status  int
		header  string // as name: value
		body    string
		refused bool
		want    string
	}{
		"no expiry":        {200, "", `{"access_token":"hush","token_type":"Bearer"}`, false, "expires_in"},
		"expired":          {200, "", `{"access_token":"hush","token_type":"Bearer","expires_in":-5}`, false, "expires_in"},
		"another type":     {200, "", `{"access_token":"hush","token_type":"mac","expires_in":60}`, false, "type Bearer"},
		"a split header":   {200, "", `{"access_token":"hush\r\nX-A: b","token_type":"Bearer","expires_in":60}`, false, "characters"},
		"beyond ASCII":     {200, "", `{"access_token":"hushü","token_type":"Bearer","expires_in":60}`, false, "characters"},
		"far too long":     {200, "", `{"access_token":"` + strings.Repeat("hush", 2000) + `","token_type":"Bearer","expires_in":60}`, false, "more than 4096"},
		"a space":          {200, "", `{"access_token":"hush hush","token_type":"Bearer","expires_in":60}`, false, "characters"},
		"no token":         {200, "", `{"expires_in":60,"hush":1}`, false, "not the access token"},
		"no JSON":          {200, "", `<html>hush`, false, "not the access token"},
		"an error, 200":    {200, "", `{"error":"invalid_client","error_description":"hush"}`, true, "(status 200, invalid_client)"},
		"an unknown error": {400, "", `{"error":"hush"}`, true, "(status 400)"},
		"the scope":        {400, "", `{"error":"invalid_scope"}`, true, "did not give the scope"},
		"no endpoint":      {404, "", `hush`, false, "10.3 or later"},
		"the login page":   {302, "Location: /login.jsp?hush", ``, true, "login page"},
		"somewhere else":   {307, "Location: https://evil.example/hush", ``, false, "another address"},
		"too many":         {429, "Retry-After: 7", `hush`, false, "(status 429)"},
		"down":             {503, "", `hush`, false, "(status 503)"},
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				requests++
				if key, value, ok := strings.Cut(tc.header, ": "); ok {
					w.Header().Set(key, value)
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tc.status)
				_, _ = w.Write([]byte(tc.body))
			}))
			defer srv.Close()
			got, err := fetch(t.Context(), srv.URL)
			if err == nil || got != (jira.AccessToken{}) || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("%v", err)
			}
			if strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("it repeats what was said: %v", err)
			}
			if _, refused := errors.AsType[*jira.RefusedError](err); refused != tc.refused {
				t.Errorf("refused: %t", refused)
			}
			if found, ok := errors.AsType[*jira.UnavailableError](err); tc.status == 429 && (!ok || found.RetryAfter != 7*time.Second) {
				t.Errorf("%+v", found)
			}
			if requests != 1 {
				t.Errorf("%d requests", requests)
			}
		})
	}
}

func fetch(ctx context.Context, address string) (jira.AccessToken, error) {
	transport := &http.Transport{DisableKeepAlives: true}
	return jira.FetchAccessToken(ctx, transport, address+"/jira", "jira.example", jira.ClientCredentials{ID: "c", Secret: "s3cret", Scope: "READ"})
}

func TestAccessTokenRequest(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		if r.Method != http.MethodPost || r.RequestURI != "/jira/rest/oauth2/latest/token" || r.Host != "jira.example" ||
			r.PostForm.Encode() != "client_id=c&client_secret=s3cret&grant_type=client_credentials&scope=READ" {
			t.Errorf("%s %s at %s: %v", r.Method, r.RequestURI, r.Host, r.PostForm)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"abc","token_type":"bearer","expires_in":"31536000"}`))
	}))
	defer srv.Close()
	got, err := fetch(t.Context(), srv.URL)
	if err != nil || got != (jira.AccessToken{Value: "abc", Lifetime: 24 * time.Hour}) {
		t.Errorf("%+v %v", got, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := fetch(ended, srv.URL); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	srv.Close()
	if _, err := fetch(t.Context(), srv.URL); err == nil || !strings.Contains(err.Error(), "can't be reached") {
		t.Error(err)
	}
}
