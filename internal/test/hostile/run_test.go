// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

// outcome is what a case is about, as expected and as it came.
type outcome struct {
	status, reason string
	jira           []string
	problem        string // what no case may do; empty: nothing
}

func (o *outcome) String() string {
	text := o.status + " " + o.reason + ", Jira: "
	if len(o.jira) == 0 {
		text += "nothing"
	}
	text += strings.Join(o.jira, " + ")
	if o.problem != "" {
		text += " !! " + o.problem
	}
	return text
}

// run sends a case and returns what was expected and what came. The id is its user agent, by which a request that comes to
// Jira late is told from those of the next case.
func (w *world) run(t *testing.T, c *testCase, id string) (want, got outcome) {
	t.Helper()
	sent := strings.ReplaceAll(c.bytes(), "{{case}}", id)
	w.sent[id] = c
	want = outcome{status: c.Status, reason: c.Reason}
	if !c.Unfinished {
		want.jira = c.received()
	}
	got.status = strings.Join(w.exchange(t, sent, strings.Count(c.Status, ",")+1), ",")
	var reasons []string
	for _, line := range w.TakeAudit(t, strings.Count(","+strings.ReplaceAll(c.Reason, "engine", ""), ",")-
		strings.Count(c.Reason, "engine")) {
		reasons = append(reasons, line.Reason)
	}
	for range strings.Count(c.Reason, "engine") {
		reasons = append(reasons, "engine")
	}
	got.reason = strings.Join(reasons, ",")
	for _, received := range w.newlyReceived() {
		agent := received.Header.Get("User-Agent")
		if c.Unfinished || strings.HasPrefix(agent, "case-") && agent != id {
			continue // checkLate looks at them
		}
		got.jira = append(got.jira, received.Method+" "+received.Target)
		if problem := w.problem(c, &received); problem != "" {
			got.problem = problem
		}
	}
	return want, got
}

// received are the request lines that Jira should receive.
func (c *testCase) received() (lines []string) {
	for _, line := range c.Jira {
		lines = append(lines, strings.ReplaceAll(repeat(line), "{{sent}}", c.requestLine()))
	}
	return lines
}

func (w *world) newlyReceived() []jiratest.Received {
	all := w.jira.Received()
	fresh := all[w.seen:]
	w.seen = len(all)
	return fresh
}

// checkLate looks once more at all that Jira received, now that nothing comes any more: a request that came after its case's
// answer, and those whose bodies never ended, whose head Jira may have received or not. It returns the surprises.
func (w *world) checkLate(t *testing.T) (surprises int) {
	t.Helper()
	lines := map[string][]string{}
	for _, received := range w.allAnswered(t) {
		id := received.Header.Get("User-Agent")
		c := w.sent[id]
		if c == nil {
			continue // it has a user agent of its own, and was looked at in its turn
		}
		lines[id] = append(lines[id], received.Method+" "+received.Target)
		problem := w.problem(c, &received)
		if c.Unfinished && received.Status == http.StatusOK {
			problem = "Jira took it for a whole request"
		}
		if problem != "" {
			surprises++
			t.Errorf("%s: in the end, %s", c.Name, problem)
		}
	}
	for id, got := range lines {
		if c := w.sent[id]; !slices.Equal(got, c.received()) {
			surprises++
			t.Errorf("%s: in the end, Jira received %q, want %q", c.Name, got, c.received())
		}
	}
	return surprises
}

// allAnswered waits until Jira has done with all requests.
func (w *world) allAnswered(t *testing.T) []jiratest.Received {
	t.Helper()
	for deadline := time.Now().Add(answerPatience); ; time.Sleep(10 * time.Millisecond) {
		all := w.jira.Received()
		if !slices.ContainsFunc(all, func(r jiratest.Received) bool { return r.Status == 0 }) {
			return all
		}
		if time.Now().After(deadline) {
			t.Fatal("Jira still waits for the rest of a request")
		}
	}
}

// ownerOf is whose token a case sends.
func (w *world) ownerOf(c *testCase) string {
	if strings.Contains(c.bytes(), w.word("{{bob}}")) {
		return "bob"
	}
	return "alice"
}

func (w *world) word(name string) string { return w.words[slices.Index(w.words, name)+1] }

// same compares; a class of statuses fits all of it.
func same(want, got *outcome) bool {
	wanted, came := strings.Split(want.status, ","), strings.Split(got.status, ",")
	if len(wanted) != len(came) || want.reason != got.reason || !slices.Equal(want.jira, got.jira) || got.problem != "" {
		return false
	}
	for i := range wanted {
		class, isClass := strings.CutSuffix(wanted[i], "xx")
		if !strings.HasPrefix(came[i], class) || !isClass && came[i] != wanted[i] {
			return false
		}
	}
	return true
}

const (
	answerPatience = 5 * time.Second
	// quiet is how long an answer that nobody expects is waited for.
	quiet = 100 * time.Millisecond
)

// exchange sends bytes on a connection of their own and returns the statuses of the answers: n, and what comes after.
func (w *world) exchange(t *testing.T, sent string, n int) []string {
	t.Helper()
	conn, err := net.Dial("tcp", w.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, sent) }() // the server may refuse before it has read all
	method, _, _ := strings.Cut(sent, " ")
	var got []byte
	buffer := make([]byte, 64<<10)
	for {
		patience := answerPatience
		if statuses, whole := statusesOf(got, method); whole && len(statuses) >= n {
			patience = quiet
		}
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		read, err := conn.Read(buffer)
		got = append(got, buffer[:read]...)
		if err != nil {
			statuses, _ := statusesOf(got, method)
			return statuses
		}
	}
}

// statusesOf reads the answers that have come; whole: none of them is still under way.
func statusesOf(got []byte, method string) (statuses []string, whole bool) {
	reader := bufio.NewReader(bytes.NewReader(got))
	for {
		if _, err := reader.Peek(1); err != nil {
			return statuses, true
		}
		answer, err := http.ReadResponse(reader, &http.Request{Method: method})
		if err != nil {
			return statuses, false
		}
		_, err = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		if err != nil {
			return statuses, false
		}
		if answer.StatusCode != http.StatusContinue {
			statuses = append(statuses, strconv.Itoa(answer.StatusCode))
		}
	}
}

// problem is what must not be with any request that Jira receives, whatever the case: another identity, one header more
// than ours and the harmless ones that were sent, a token.
func (w *world) problem(c *testCase, got *jiratest.Received) string {
	owner := w.ownerOf(c)
	wanted := map[string]string{
		"Authorization": "Bearer " + w.pats[owner], "X-Forwarded-For": "127.0.0.1",
		"X-Forwarded-Proto": "https", "X-Forwarded-Host": "jira.example",
	}
	for name, value := range wanted {
		if !slices.Equal(got.Header[name], []string{value}) {
			return name + " is " + strings.Join(got.Header[name], " and ")
		}
	}
	for name, values := range got.Header {
		if len(values) > 1 {
			return name + " came twice"
		}
		harmless := name == "Content-Type" || name == "User-Agent" || name == "Content-Length"
		if wanted[name] == "" && !harmless && !slices.ContainsFunc(c.Passes, func(pass string) bool {
			return strings.EqualFold(pass, name+": "+values[0])
		}) {
			return name + " came through: " + values[0]
		}
	}
	for _, pass := range c.Passes {
		name, value, _ := strings.Cut(pass, ": ")
		if got.Header.Get(name) != value {
			return name + " was lost"
		}
	}
	switch {
	case got.User != owner && (got.User != "" || got.Status != http.StatusBadRequest): // Tomcat asks nobody who he is
		return "Jira took it for " + strconv.Quote(got.User)
	case got.Host != "jira.example":
		return "Host is " + got.Host
	case c.Raw == "" && !bodyArrived(got, repeat(c.Body)):
		return "the body is another"
	case bytes.Contains(got.Body, []byte("DELETE /")):
		return "the body has another request in it"
	case slices.ContainsFunc(w.secrets, func(s string) bool { return strings.Contains(got.Target+string(got.Body), s) }):
		return "a token came through"
	}
	return ""
}

// bodyArrived: Jira reads nothing of some bodies that it refuses, and the stand-in keeps only the first 64 KiB.
func bodyArrived(got *jiratest.Received, sent string) bool {
	whole := got.BytesRead == int64(len(sent)) || got.Status >= http.StatusBadRequest
	return whole && strings.HasPrefix(sent, string(got.Body))
}
