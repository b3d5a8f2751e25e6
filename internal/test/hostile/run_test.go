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
	w.jira.Reset()
	want = outcome{status: c.Status, reason: c.Reason}
	for _, line := range c.Jira {
		want.jira = append(want.jira, strings.ReplaceAll(repeat(line), "{{sent}}", c.requestLine()))
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
	owner := "alice"
	if strings.Contains(sent, w.word("{{bob}}")) {
		owner = "bob"
	}
	for _, received := range w.jira.Received() {
		agent := received.Header.Get("User-Agent")
		late := strings.HasPrefix(agent, "case-") && agent != id
		unfinished := c.Unfinished && received.Status != http.StatusOK
		if late || unfinished {
			continue
		}
		got.jira = append(got.jira, received.Method+" "+received.Target)
		if problem := w.problem(c, &received, owner); problem != "" {
			got.problem = problem
		}
	}
	return want, got
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
func (w *world) problem(c *testCase, got *jiratest.Received, owner string) string {
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
