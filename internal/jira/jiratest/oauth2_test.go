// SPDX-License-Identifier: Apache-2.0

package jiratest_test

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

const tokenEndpoint = "/jira/rest/oauth2/latest/token"

// withServiceAccount has alice's client, which may only read, and that of root, an administrator.
func withServiceAccount(t *testing.T, now func() time.Time) *jiratest.Server {
	t.Helper()
	srv := startWith(t, jiratest.Config{Now: now})
	srv.PutServiceAccount(jiratest.ServiceAccount{ClientID: "reader", ClientSecret: "s1", User: "alice", Scope: "READ"})
	srv.PutServiceAccount(jiratest.ServiceAccount{ClientID: "root", ClientSecret: "s2", User: "root", Lifetime: time.Minute})
	return srv
}

func tokenForm(id, secret, scope string) url.Values {
	return url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}, "scope": {scope}}
}

func fetchToken(t *testing.T, srv *jiratest.Server, form url.Values, status int) map[string]any {
	t.Helper()
	a := send(t, srv, "POST", tokenEndpoint, form.Encode(), "Content-Type: application/x-www-form-urlencoded")
	wantStatus(t, a, status)
	var said map[string]any
	if err := json.Unmarshal([]byte(a.body), &said); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return said
}

func TestClientCredentialsAreChecked(t *testing.T) {
	srv := withServiceAccount(t, nil)
	for name, tc := range map[string]struct {
		form   url.Values
		status int
		want   string
	}{
		"wrong secret":  {tokenForm("reader", "S1", "READ"), 401, "invalid_client"},
		"other secret":  {tokenForm("reader", "s2", "READ"), 401, "invalid_client"},
		"no such":       {tokenForm("eve", "s1", "READ"), 401, "invalid_client"},
		"more scope":    {tokenForm("reader", "s1", "WRITE"), 400, "invalid_scope"},
		"unknown scope": {tokenForm("root", "s2", "ADMIN"), 400, "invalid_scope"},
		"other grant":   {url.Values{"grant_type": {"password"}, "client_id": {"reader"}, "client_secret": {"s1"}, "scope": {"READ"}}, 400, "unsupported_grant_type"},
	} {
		if said := fetchToken(t, srv, tc.form, tc.status); said["error"] != tc.want || said["access_token"] != nil {
			t.Errorf("%s: %v", name, said)
		}
	}
	said := fetchToken(t, srv, tokenForm("root", "s2", "READ"), 200)
	if said["token_type"] != "Bearer" || said["expires_in"] != 60.0 || said["access_token"] == "" {
		t.Errorf("%v", said)
	}
}

func TestWhatAccessTokensReach(t *testing.T) {
	now := time.Now()
	srv := withServiceAccount(t, func() time.Time { return now })
	bearerOf := func(id, secret, scope string) string {
		token, _ := fetchToken(t, srv, tokenForm(id, secret, scope), 200)["access_token"].(string)
		return "Authorization: Bearer " + token
	}
	reader, writer := bearerOf("reader", "s1", "READ"), bearerOf("root", "s2", "WRITE")
	wantStatus(t, send(t, srv, "GET", myself, "", reader), 200)
	wantUser(t, srv, "alice", "oauth2")
	const body, asJSON = `{"name":"x"}`, "Content-Type: application/json"
	wantStatus(t, send(t, srv, "POST", "/jira/rest/api/2/user", body, reader, asJSON), 403)
	wantStatus(t, send(t, srv, "POST", "/jira/rest/api/2/user", body, writer, asJSON), 403) // no administration
	for _, beyond := range []string{"/jira/rest/pat/1.0/tokens", "/jira/rest/plugins/1.0", "/jira/browse/DEMO-1", "/jira/rest/api/2"} {
		wantStatus(t, send(t, srv, "GET", beyond, "", writer), 403)
	}
	now = now.Add(time.Minute) // the writer's has expired
	wantStatus(t, send(t, srv, "GET", myself, "", writer), 401)
	wantStatus(t, send(t, srv, "GET", myself, "", reader), 200)
	srv.RevokeAccessTokens()
	wantStatus(t, send(t, srv, "GET", myself, "", reader), 401)
}
