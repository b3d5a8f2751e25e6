// SPDX-License-Identifier: Apache-2.0

package load

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// A request whose connection is closed under it has failed: Go's client must not send it again.
func TestNothingIsSentTwice(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.Header().Set("X-AUSERNAME", "j%C3%B6rg")
			return
		}
		if connection, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = connection.Close()
		}
	}))
	defer server.Close()
	client := NewClient(true)
	if a := client.Ask(t.Context(), &Question{URL: server.URL}); a.Status != http.StatusOK || a.User != "jörg" {
		t.Errorf("the first: %s", a)
	}
	if a := client.Ask(t.Context(), &Question{URL: server.URL}); a.Status != 0 || !strings.Contains(a.Body, "EOF") {
		t.Errorf("the second: %s", a)
	}
	if asked.Load() != 2 {
		t.Errorf("%d requests came, instead of 2", asked.Load())
	}
}

func TestOnlyTheOwnersAnswerCounts(t *testing.T) {
	load := New("", "alice", 0)
	for _, c := range []struct {
		answer Answer
		fine   bool
	}{
		{Answer{Status: 200, User: "alice", Body: `{"name":"alice"}`}, true},
		{Answer{Status: 200, User: "bob", Body: `{"name":"alice"}`}, false},
		{Answer{Status: 200, User: "alice", Body: `{"name":"bob"}`}, false},
		{Answer{Status: 401, User: "alice", Body: `{"name":"alice"}`}, false},
		{Answer{}, false},
	} {
		if problem := load.problem(&c.answer); (problem == "") != c.fine {
			t.Errorf("%s: %q", &c.answer, problem)
		}
	}
}

func TestReportSince(t *testing.T) {
	var c count
	c.add("one", kept, 1, "")
	c.add("one", kept, 1, "refused")
	before := c.Report()
	c.add("two", fresh, 1, "cut off")
	later := c.Report().Since(before)
	if later.Requests != 1 || later.Failed != 1 || len(later.Failures) != 1 || later.Failures[0].Problem != "cut off" {
		t.Errorf("%s", later)
	}
	if len(later.Tokens) != 2 || later.Tokens[0].Requests != 2 || later.Tokens[1].ID != "two" {
		t.Errorf("%+v", later.Tokens)
	}
}
