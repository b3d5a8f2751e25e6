// SPDX-License-Identifier: Apache-2.0

package gatewaytest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// Issue puts a token of the owner with the scopes into the gateway's table.
func (g *Gateway) Issue(t *testing.T, owner string, scopes []string, edit ...func(*grant.Credential)) string {
	t.Helper()
	made := newToken(t)
	g.issued++
	credential := &grant.Credential{
		ID: made.ID(), Hash: made.Hash(), State: grant.Active, IssuedAt: time.Now(), DeclaredAt: time.Now(),
		Token: grant.TokenReference{Namespace: "dev", Name: fmt.Sprintf("token-%d", g.issued), UID: types.UID(made.ID())},
		Grant: grant.Grant{Owner: owner, Scopes: scopes},
	}
	for _, e := range edit {
		e(credential)
	}
	if err := g.table.Put(made.ID(), credential); err != nil {
		t.Fatal(err)
	}
	return made.Reveal()
}

// Unknown makes a well-formed token that no gateway knows.
func Unknown(t *testing.T) string {
	t.Helper()
	return newToken(t).Reveal()
}

func newToken(t *testing.T) token.Token {
	t.Helper()
	made, err := token.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// AuditLine is what tests read of a line of the audit log.
type AuditLine struct {
	Reason    string `json:"reason"`
	Path      string `json:"path"`
	Operation string `json:"operation"`
	Owner     string `json:"owner"`
	Address   string `json:"address"`
}

// TakeAudit waits until the audit log has n lines, returns them and forgets them.
func (g *Gateway) TakeAudit(t *testing.T, n int) []AuditLine {
	t.Helper()
	var out []AuditLine
	for text := range strings.Lines(g.audit.take(n)) {
		var line AuditLine
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("audit line %q: %v", text, err)
		}
		out = append(out, line)
	}
	return out
}

// Written is all that the gateway has ever written to its audit log and its log.
func (g *Gateway) Written() string { return g.audit.String() + g.logs.String() }

// lines collects what is written.
type lines struct {
	mu     sync.Mutex
	text   bytes.Buffer
	behind int // what take has returned
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is all of it.
func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

const auditPatience = 2 * time.Second

// take polls: the audit log is written beside the requests.
func (l *lines) take(n int) string {
	deadline := time.Now().Add(auditPatience)
	for {
		l.mu.Lock()
		text := l.text.String()[l.behind:]
		if strings.Count(text, "\n") >= n || time.Now().After(deadline) {
			l.behind += len(text)
			l.mu.Unlock()
			return text
		}
		l.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
}
