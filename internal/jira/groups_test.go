// SPDX-License-Identifier: Apache-2.0

package jira_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/jira"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

func TestGroupMembers(t *testing.T) {
	srv := start(t)
	srv.AddGroup(jiratest.Group{Name: "Everyone & all", Subgroups: []string{"developers", "robots"}})
	srv.AddGroup(jiratest.Group{Name: "empty"})
	for i := range 120 {
		srv.AddUser(jiratest.User{Name: fmt.Sprintf("Bot %03d", i), Key: fmt.Sprint("bot-", i), Groups: []string{"robots"}})
	}
	c := clientFor(t, srv, asRoot(t))
	srv.Reset()
	members, err := c.GroupMembers(t.Context(), "everyone & ALL")
	if err != nil || len(members) != 122 || len(srv.Received()) != 3 {
		t.Fatalf("%d members after %d requests: %v", len(members), len(srv.Received()), err)
	}
	for _, want := range []jira.User{
		{Name: "Bot 119", Key: "bot-119", Active: true}, {Name: "gone", Key: "JIRAUSER2"}, {Name: "alice", Key: "JIRAUSER1", Active: true},
	} {
		if !slices.Contains(members, want) {
			t.Errorf("%+v is missing", want)
		}
	}
	if members, err := c.GroupMembers(t.Context(), "empty"); err != nil || len(members) != 0 {
		t.Error(members, err)
	}
	_, err = c.GroupMembers(t.Context(), "none")
	var missing *jira.NotFoundError
	if !errors.As(err, &missing) || missing.Thing != `group "none"` {
		t.Error(err)
	}
}

// pages has the stand-in answer with some content, beginning where it was asked to.
func pages(content func(start int) map[string]any) jiratest.Fault {
	return jiratest.Fault{Rewrite: func(r *http.Request, _ []byte) []byte {
		var start int
		_, _ = fmt.Sscan(r.URL.Query().Get("startAt"), &start)
		body, err := json.Marshal(content(start))
		if err != nil {
			panic(err)
		}
		return body
	}}
}

func users(from, count int) []map[string]any {
	out := make([]map[string]any, count)
	for i := range out {
		out[i] = map[string]any{"name": fmt.Sprint("u", from+i), "key": fmt.Sprint("k", from+i), "active": true}
	}
	return out
}

// A server that has no end must not keep the operator busy, or fill its memory.
func TestGroupsWithoutEnd(t *testing.T) {
	srv := start(t)
	for name, c := range map[string]struct {
		fault    jiratest.Fault
		want     string
		requests int
	}{
		"the same page": {pages(func(start int) map[string]any {
			return map[string]any{"startAt": start, "total": 100, "values": users(0, 50)}
		}), "repeats its pages", 2},
		"the first page": {pages(func(int) map[string]any {
			return map[string]any{"startAt": 0, "total": 100, "values": users(0, 50)}
		}), "a page from 0 where one from 50", 2},
		"empty pages": {pages(func(start int) map[string]any {
			return map[string]any{"startAt": start, "total": 100, "values": users(0, 0)}
		}), "ends before its last page", 1},
		"ever more": {pages(func(start int) map[string]any {
			return map[string]any{"startAt": start, "total": 1 << 30, "values": users(start, 1000)}
		}), "more than the 100000 members", 101},
		"ever more, one by one": {pages(func(start int) map[string]any {
			return map[string]any{"startAt": start, "total": 1 << 30, "values": users(start, 1)}
		}), "more than the 4000 pages", 4000},
	} {
		srv.ClearFaults()
		srv.Fault(c.fault)
		seen := 0
		srv.Fault(jiratest.Fault{Rewrite: c.fault.Rewrite, Match: func(*http.Request) bool { seen++; return false }})
		_, err := clientFor(t, srv, asRoot(t)).GroupMembers(t.Context(), "developers")
		var unavailable *jira.UnavailableError
		if !errors.As(err, &unavailable) || !strings.Contains(err.Error(), c.want) || seen != c.requests {
			t.Errorf("%s: after %d requests: %v", name, seen, err)
		}
	}
}

// A member who leaves between two pages must not hide another one.
func TestGroupThatChangesMeanwhile(t *testing.T) {
	srv := start(t)
	for i := range 60 {
		srv.AddUser(jiratest.User{Name: fmt.Sprintf("bot%02d", i), Groups: []string{"robots"}})
	}
	srv.Fault(jiratest.Fault{Times: 1, Rewrite: func(_ *http.Request, body []byte) []byte {
		srv.RemoveUser("bot00")
		return body
	}})
	members, err := clientFor(t, srv, asRoot(t)).GroupMembers(t.Context(), "robots")
	if err != nil || len(members) != 59 {
		t.Errorf("%d members: %v", len(members), err)
	}
}

func TestUserByName(t *testing.T) {
	srv := start(t)
	srv.AddUser(jiratest.User{Name: "Zoë & B", Key: "zoe"})
	c := clientFor(t, srv, asRoot(t))
	for name, want := range map[string]jira.User{
		"ALICE":   {Name: "alice", Key: "JIRAUSER1", Active: true},
		"gone":    {Name: "gone", Key: "JIRAUSER2"},
		"zoë & b": {Name: "Zoë & B", Key: "zoe", Active: true},
	} {
		if u, err := c.UserByName(t.Context(), name); err != nil || u != want {
			t.Errorf("%s: %+v %v", name, u, err)
		}
	}
	_, err := c.UserByName(t.Context(), "eve")
	var missing *jira.NotFoundError
	if !errors.As(err, &missing) || missing.Thing != `user "eve"` {
		t.Error(err)
	}
	for _, body := range []string{`{"name":"mallory","key":"m","active":true}`, `{"name":"alice","active":true}`, `{}`} {
		srv.Fault(jiratest.Fault{Rewrite: func(*http.Request, []byte) []byte { return []byte(body) }})
		if u, err := c.UserByName(t.Context(), "alice"); err == nil {
			t.Errorf("%s was believed: %+v", body, u)
		}
	}
	srv.Fault(jiratest.Fault{Rewrite: func(*http.Request, []byte) []byte {
		return []byte(`{"name":"alice","key":"a","active":true,"deleted":true}`)
	}})
	if u, err := c.UserByName(t.Context(), "alice"); err != nil || u.Active {
		t.Errorf("a deleted user is active: %+v %v", u, err)
	}
}
