// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

func TestThePolicysOwnOperations(t *testing.T) {
	b := newBench(t)
	reads := bearer(b.issue("alice", []string{"read:app", "read:user"}))
	expect := func(what, target string, status int, says string) {
		t.Helper()
		if a := b.send("GET", target, reads); a.StatusCode != status || !strings.Contains(a.body, says) {
			t.Errorf("%s: %s: %d %s", what, target, a.StatusCode, a.body)
		}
	}
	const app, tokens, unheard = "/jira/rest/rota/1.0/shift", "/jira/rest/pat/latest/tokens", "/jira/rest/api/2/unheard"
	expect("before", app, 403, "needs the scope admin")
	b.config.Scopes = &gatewayconfig.Scopes{Operations: []gatewayconfig.Operation{{Method: "GET", Path: "/rest/rota/**", Scope: "read:app"}}}
	b.configure()
	expect("listed", app, 404, "") // Jira has no such app
	expect("listed", tokens, 403, "no API token can reach this")
	expect("listed", unheard, 403, "needs the scope read;")
	b.config.Scopes.DenyUnlisted = true
	b.configure()
	expect("denied", unheard, 403, "spec.scopes.unlisted: Deny")
	expect("denied", myself, 200, "")
	expect("denied", app, 404, "")

	// What a newer manager wrote can't be read: what was in force stays, or else the strictest.
	b.config.Scopes.Operations[0].Scope = "read:everything"
	if err := b.tryConfigure(); err == nil || !strings.Contains(err.Error(), `scopes: unknown scope "read:everything"`) {
		t.Error(err)
	}
	expect("kept", app, 404, "")
	fresh := newBench(t)
	fresh.config.Scopes = b.config.Scopes
	settings, err := Compile(fresh.config, fresh.secrets)
	if o := settings.classify("GET", []string{"rest", "rota", "1.0"}, ""); err == nil || !strings.Contains(o.Name, "neither in the catalogue") {
		t.Errorf("%v, %+v", err, o)
	}
}
