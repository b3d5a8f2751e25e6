// SPDX-License-Identifier: Apache-2.0

// Package hostile sends corpora of hostile and honest requests over sockets to the gateway, as it is served, and looks at
// both ends: what came back, and what Jira received.
package hostile

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
	"github.com/jiratokens/jira-token-operator/internal/test/gatewaytest"
)

const jiraBase = "https://jira.example/jira"

// world is a gateway before a stand-in Jira, with the owners alice and bob.
type world struct {
	*gatewaytest.Gateway
	jira *jiratest.Server
	pats map[string]string
	// words are the placeholders of the cases.
	words []string
	// secrets must not be seen in Jira or in a log.
	secrets []string
	// sent are the cases by their user agents, seen is how many requests to Jira were looked at.
	sent map[string]*testCase
	seen int
}

func newWorld(t *testing.T, edit ...func(*gatewaytest.Options)) *world {
	t.Helper()
	w := &world{pats: map[string]string{}, sent: map[string]*testCase{}}
	w.jira = jiratest.Start(t, jiratest.Config{ContextPath: "/jira", BaseURL: jiraBase, KeepReceived: 1 << 16})
	for _, name := range []string{"alice", "bob"} {
		w.jira.AddUser(jiratest.User{Name: name, Password: "pw-" + name, Permissions: jiratest.Browse | jiratest.Edit})
		w.pats[name] = w.jira.AddPAT(name)
	}
	w.jira.AddProject(jiratest.Project{Key: "DEMO"})
	w.jira.AddIssue(jiratest.Issue{Key: "DEMO", Summary: "first"})
	options := gatewaytest.Options{
		JiraURL: w.jira.URL(), BaseURL: jiraBase, OwnerTokens: w.pats, BodyIdleTimeout: time.Second,
	}
	for _, e := range edit {
		e(&options)
	}
	w.Gateway = gatewaytest.Start(t, options)
	w.issueTokens(t)
	return w
}

func (w *world) issueTokens(t *testing.T) {
	t.Helper()
	readWrite := []string{"read", "write"}
	ended := time.Now().Add(-time.Hour)
	for name, tok := range map[string]string{
		"token":   w.Issue(t, "alice", readWrite),
		"reader":  w.Issue(t, "alice", []string{"read"}),
		"admin":   w.Issue(t, "alice", []string{"read", "write", "admin"}),
		"bob":     w.Issue(t, "bob", readWrite),
		"expired": w.Issue(t, "alice", readWrite, func(c *grant.Credential) { c.ExpiresAt = &ended }),
		"blocked": w.Issue(t, "alice", readWrite, func(c *grant.Credential) { c.State = grant.Blocked }),
		"unknown": gatewaytest.Unknown(t),
	} {
		w.secrets = append(w.secrets, tok, tok[len(tok)-38:])
		w.words = append(w.words, "{{"+name+"}}", tok,
			"{{basic "+name+"}}", "Basic "+base64.StdEncoding.EncodeToString([]byte("alice:"+tok)),
			"{{start of "+name+"}}", tok[:len(tok)-6], "{{rest of "+name+"}}", tok[len("jat_"):],
			"{{base64 "+name+"}}", base64.StdEncoding.EncodeToString([]byte(tok)))
	}
	w.words = append(w.words,
		"{{head}}", "POST /jira/rest/api/2/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nUser-Agent: {{case}}\r\n"+
			"Authorization: Bearer "+w.word("{{token}}")+"\r\n",
		"{{smuggled}}", "DELETE /jira/rest/api/2/issue/DEMO-1 HTTP/1.1\r\nHost: x\r\nX-Smuggled: 1\r\n\r\n",
		"{{password}}", "Basic "+base64.StdEncoding.EncodeToString([]byte("alice:pw-alice")))
}
