// SPDX-License-Identifier: Apache-2.0

// Package clients uses the Jira clients that people have, as they are, through the gateway.
package clients

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
	"github.com/jiratokens/jira-token-operator/internal/test/gatewaytest"
)

const (
	// owner is an e-mail address, because jira.js takes nothing else for Basic.
	owner = "svc@corp.example"
	// patience is for a client with all that it tries.
	patience = time.Minute
)

// client is a program of testdata, and what runs it.
type client struct {
	name, runner, script string
	hidesStatus          bool // its errors say why, but not the status
}

var clients = []client{
	{"python3-jira", "/usr/bin/python3", "python3-jira.py", false},
	{"jira-client", "node", "jira-client.js", true},
	{"jira.js", "node", "jira.js.mjs", false},
	{"curl", "bash", "curl.sh", false},
}

// world is a gateway that is the only way to a Jira: they have the same URL, as people see it.
type world struct {
	*gatewaytest.Gateway
	jira   *jiratest.Server
	url    string
	folder string // of what hack/clients/install.sh installed
}

func newWorld(t *testing.T) *world {
	t.Helper()
	folder := os.Getenv("JIRA_CLIENTS")
	if folder == "" {
		t.Skip("the clients are not installed: make test-clients installs and runs them")
	}
	listener := gatewaytest.Listen(t)
	w := &world{folder: folder, url: "http://" + listener.Addr().String() + "/jira"}
	w.jira = jiratest.Start(t, jiratest.Config{ContextPath: "/jira", BaseURL: w.url})
	w.jira.AddUser(jiratest.User{Name: owner, Password: "pw", Permissions: jiratest.Browse | jiratest.Edit})
	w.jira.AddProject(jiratest.Project{Key: "DEMO"})
	w.jira.AddIssue(jiratest.Issue{Key: "DEMO", Summary: "first"})
	w.Gateway = gatewaytest.Start(t, gatewaytest.Options{
		JiraURL: w.jira.URL(), BaseURL: w.url, OwnerTokens: map[string]string{owner: w.jira.AddPAT(owner)}, Listener: listener,
	})
	return w
}

// run runs a client's program and returns what it said.
func (w *world) run(t *testing.T, c client, auth, tok, command string, more ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	program := exec.CommandContext(ctx, c.runner, filepath.Join("testdata", c.script), command)
	program.Env = append(os.Environ(), "JIRA_URL="+w.url, "JIRA_AUTH="+auth, "JIRA_USER="+owner, "JIRA_TOKEN="+tok,
		"NODE_PATH="+filepath.Join(w.folder, "node", "node_modules"), "LC_ALL=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1",
		"PYTHONPATH="+filepath.Join(w.folder, "python", "usr", "lib", "python3", "dist-packages"))
	program.Env = append(program.Env, more...)
	program.Stderr = t.Output()
	out, err := program.Output()
	if err != nil {
		t.Errorf("%s %s: %v: %s", c.name, command, err, out)
	}
	return string(out)
}

// each calls a test for every client and both ways to send a token.
func each(t *testing.T, test func(t *testing.T, c client, auth string)) {
	t.Helper()
	for _, c := range clients {
		for _, auth := range []string{"bearer", "basic"} {
			t.Run(c.name+"/"+auth, func(t *testing.T) { test(t, c, auth) })
		}
	}
}

func TestClientsWork(t *testing.T) {
	w := newWorld(t)
	each(t, func(t *testing.T, c client, auth string) {
		t.Helper()
		w.jira.Reset()
		said := w.run(t, c, auth, w.Issue(t, owner, []string{"read", "write"}), "story")
		t.Log(strings.ReplaceAll(said, "\n", ", "))
		lines := strings.Split(strings.TrimSpace(said), "\n")
		for i, want := range []string{
			"myself " + owner, "search DEMO-1", "create DEMO-", "comment 100% [a|b]; ü", "attach ", "download True",
		} {
			if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
				t.Fatalf("no %q in %q", want, lines)
			}
		}
		key := strings.TrimPrefix(lines[2], "create ")
		files := w.jira.Attachments(key)
		if len(files) != 1 || files[0].Author != owner || files[0].Size != 60000 || "attach "+files[0].Name != lines[4] {
			t.Errorf("attachments of %s: %+v", key, files)
		}
		for _, received := range w.jira.Received() {
			if received.User != owner || received.Via != "pat" {
				t.Errorf("%s %s came as %q by %q", received.Method, received.Target, received.User, received.Via)
			}
		}
	})
}

func TestClientsUnderstandRefusals(t *testing.T) {
	w := newWorld(t)
	each(t, func(t *testing.T, c client, auth string) {
		t.Helper()
		limited := w.Issue(t, owner, []string{"read"}, limit(1, time.Hour))
		w.run(t, c, auth, limited, "myself")
		for _, tc := range []struct{ status, tok, command, says string }{
			{"401", gatewaytest.Unknown(t), "myself", "not known, or was revoked"},
			{"403", w.Issue(t, owner, []string{"read"}), "create", "needs the scope write"},
			{"429", limited, "myself", "rate limit"},
		} {
			said := w.run(t, c, auth, tc.tok, tc.command)
			t.Log(strings.TrimSpace(said))
			if c.hidesStatus {
				tc.status = "unknown"
			}
			if !strings.HasPrefix(said, "error "+tc.status+" ") || !strings.Contains(said, tc.says) {
				t.Errorf("%s: %q lacks %q", tc.status, said, tc.says)
			}
		}
	})
}

// TestPythonWaitsAndTriesAgain: python3-jira reads all four headers of a rate limit, and then does what it should.
func TestPythonWaitsAndTriesAgain(t *testing.T) {
	w := newWorld(t)
	tok := w.Issue(t, owner, []string{"read"}, limit(1, time.Second))
	if said := w.run(t, clients[0], "bearer", tok, "myself", "JIRA_RETRIES=3"); said != "" {
		t.Error(said)
	}
	throttled := 0
	for _, line := range w.TakeAudit(t, 1) {
		if line.Reason == "rate-limit" {
			throttled++
		}
	}
	if throttled == 0 {
		t.Error("it was never told to wait")
	}
}

func limit(requests int32, period time.Duration) func(*grant.Credential) {
	return func(c *grant.Credential) {
		c.Grant.RateLimit = &grant.RateLimit{Requests: requests, Period: period, Burst: 1}
	}
}
