// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/jiratokens/jira-token-operator/internal/gateway/inflight"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

const (
	comment     = "/jira/rest/api/2/issue/DEMO-1/comment"
	commentBody = `{"body": "hello"}`
)

// logTo puts another audit log in place of the bench's.
func (b *bench) logTo(out interface{ Write(p []byte) (int, error) }) *auditLog {
	b.handler.audit.close()
	b.handler.audit = newAuditLog(out, b.handler.metrics)
	return b.handler.audit
}

// TestNothingIsChangedWithoutALine: while the log is stuck and full, what would change something is refused before Jira
// sees it, what reads goes on, and with Drop everything does. When the log moves again, so does everything.
func TestNothingIsChangedWithoutALine(t *testing.T) {
	b := newBench(t, func(b *bench) {
		b.config.Personal = &gatewayconfig.Personal{Classes: []gatewayconfig.PersonalClass{{Class: "basic", Action: "Allow"}}}
	})
	tok, password := bearer(b.issue("alice", []string{"read", "write"})), "Authorization: "+basic("alice", "pw-alice")
	b.handler.idle = 10 * auditPatience // answers are sent when their lines were, and must not come too late for that
	stuck := stuckWriter{make(chan struct{}), b.audit}
	log := b.logTo(stuck)
	for log.reserve() {
		log.write(auditLine{TokenID: "id", reserved: true})
	}
	for _, step := range []struct {
		method, target, body string
		credential           string
		drop                 bool
		status               int
	}{
		{"POST", comment, commentBody, tok, false, 503},
		{"POST", comment, commentBody, tok, true, 201},
		{"POST", comment, commentBody, password, false, 503},
		{"POST", comment, commentBody, password, true, 201},
		{"DELETE", "/jira/rest/api/2/issue/DEMO-9", "", tok, false, 503},
		{"GET", "/jira/rest/api/2/issue/DEMO-1?updateHistory=true", "", tok, false, 503},
		{"GET", "/jira/rest/api/2/issue/DEMO-1", "", password, false, 200},
		{"POST", "/jira/rest/api/2/search", `{"jql": ""}`, tok, false, 200},
		{"POST", "/jira/rest/api/2/search", `{"jql": ""}`, password, false, 200},
		{"GET", myself, "", tok, false, 200},
	} {
		b.config.Audit = &gatewayconfig.Audit{DropOnOverflow: step.drop}
		b.configure()
		b.jira.Reset()
		a := b.sendBody(step.method, step.target, step.body, step.credential, jsonType)
		refused := a.StatusCode == http.StatusServiceUnavailable
		if a.StatusCode != step.status || refused != (len(b.jira.Received()) == 0) {
			t.Errorf("%+v: %d %s, Jira received %d", step, a.StatusCode, a.body, len(b.jira.Received()))
		}
		if refused && (a.Header.Get("Retry-After") == "" || !strings.Contains(a.message(t), "gateway.audit.onOverflow")) {
			t.Errorf("%v %s", a.Header, a.body)
		}
	}
	if got := testutil.ToFloat64(b.handler.metrics.requests.WithLabelValues("failed", reasonAudit)); got != 4 {
		t.Errorf("%v refusals are counted", got)
	}
	close(stuck.release)
	b.auditLines(auditQueue)
	b.config.Audit = nil
	b.configure()
	if a := b.sendBody("POST", comment, commentBody, tok, jsonType); a.StatusCode != http.StatusCreated {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// brokenWriter fails as long as it is told to.
type brokenWriter struct {
	syncBuffer

	broken atomic.Bool
}

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.broken.Load() {
		return 0, errors.New("no space left on device")
	}
	return w.syncBuffer.Write(p)
}

// TestALogThatCanNotBeWritten lets nothing be changed either, and mends itself: by the line of a request that was refused.
func TestALogThatCanNotBeWritten(t *testing.T) {
	b := newBench(t)
	out := &brokenWriter{}
	log := b.logTo(out)
	tok := bearer(b.issue("alice", []string{"read", "write"}))
	post := func(status int) {
		t.Helper()
		if a := b.sendBody("POST", comment, commentBody, tok, jsonType); a.StatusCode != status {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	}
	waitFor := func(broken bool) {
		for log.broken.Load() != broken || len(log.room) > 0 {
			b.send("GET", myself, tok)
		}
	}
	post(http.StatusCreated)
	out.broken.Store(true)
	waitFor(true)
	post(http.StatusServiceUnavailable)
	out.broken.Store(false)
	for log.broken.Load() {
		if a := b.sendBody("POST", comment, commentBody, tok, jsonType); a.StatusCode == http.StatusCreated {
			break
		}
	}
	post(http.StatusCreated)
	if testutil.ToFloat64(b.handler.metrics.auditDropped) == 0 || !strings.Contains(out.String(), reasonAudit) {
		t.Errorf("%s", out.String())
	}
}

// TestReservedRoomIsGivenBack however a request ends.
func TestReservedRoomIsGivenBack(t *testing.T) {
	b := newBench(t, func(b *bench) { b.config.MaxInFlight = 1 })
	b.inFlightTaken("bob")
	tok := bearer(b.issue("alice", []string{"read", "write"}))
	nobody := bearer(b.issue("dave", []string{"read", "write"})) // Jira has no token for him
	b.sendBody("POST", comment, commentBody, tok, jsonType)
	b.handler.inFlight.Release(inflight.Party{Owner: "bob"}, b.clock.Now())
	b.sendBody("POST", comment, commentBody, nobody, jsonType)
	b.sendBody("POST", comment, "os_username=x", tok, "Content-Type: application/x-www-form-urlencoded")
	b.sendBody("POST", comment, commentBody, tok, jsonType)
	reasons := map[string]bool{}
	for _, line := range b.auditLines(4) {
		reasons[line.Reason] = true
	}
	if !reasons[reasonInFlight] || !reasons[reasonIdentity] || !reasons[reasonParameter] || !reasons[reasonAllowed] {
		t.Errorf("%v", reasons)
	}
	b.handler.audit.close()
	if n := len(b.handler.audit.room); n != 0 {
		t.Errorf("room for %d lines is lost", n)
	}
}

func (b *bench) inFlightTaken(owner string) {
	b.Helper()
	if !b.handler.inFlight.Take(inflight.Party{Owner: owner}, 1, b.clock.Now()) {
		b.Fatal("there is no place")
	}
}
