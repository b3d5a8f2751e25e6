// SPDX-License-Identifier: Apache-2.0

package directory_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

// Somebody is renamed, and then somebody else gets the name: the one must be told from the other.
func TestRenamedAndReusedName(t *testing.T) {
	w := newWorld(t)
	w.jira.AddUser(jiratest.User{Name: "svc-ci", Key: "first"})
	w.token("ci", "svc-ci")
	w.token("alice", "alice") // by her group
	w.synced()

	w.jira.UpdateUser("svc-ci", func(u *jiratest.User) { u.Name = "svc-build" })
	w.jira.UpdateUser("alice", func(u *jiratest.User) { u.Name = "alice.b" })
	w.refresh()
	s := w.kept()
	for name, former := range map[string]string{"svc-ci": "first", "alice": "key-alice"} {
		if u := s.User(name); u.Key != "" || u.FormerKey != former || u.Active {
			t.Errorf("after a renaming, %s: %+v", name, u)
		}
	}
	if s.Group("developers").Members["alice"] || !s.Group("developers").Members["alice.b"] || s.User("alice.b").Key != "key-alice" {
		t.Error("the group does not follow the new name")
	}

	w.restart()
	w.jira.AddUser(jiratest.User{Name: "svc-ci", Key: "second"})
	w.jira.AddUser(jiratest.User{Name: "Alice", Key: "other-alice", Groups: []string{"developers"}})
	w.refresh()
	s = w.kept()
	for name, keys := range map[string][2]string{"svc-ci": {"second", "first"}, "alice": {"other-alice", "key-alice"}} {
		if u := s.User(name); u.Key != keys[0] || u.FormerKey != keys[1] || !u.Active {
			t.Errorf("after the name was given to somebody else, %s: %+v", name, u)
		}
	}
}

func TestOwnerIsDeactivatedAndDeleted(t *testing.T) {
	w := newWorld(t)
	w.jira.AddUser(jiratest.User{Name: "svc-ci", Key: "ci"})
	w.token("ci", "svc-ci")
	w.synced()
	active := w.content()
	w.jira.UpdateUser("svc-ci", func(u *jiratest.User) { u.Inactive = true })
	w.refresh()
	if u := w.kept().User("svc-ci"); u.Active || u.Key != "ci" || w.content() == active {
		t.Errorf("%+v", u)
	}
	w.jira.UpdateUser("svc-ci", func(u *jiratest.User) { u.Inactive = false })
	w.refresh()
	if w.content() != active {
		t.Error("activated again, and nobody learns of it")
	}
	w.jira.RemoveUser("svc-ci")
	w.refresh()
	if u := w.kept().User("svc-ci"); u.Key != "" || u.FormerKey != "ci" {
		t.Errorf("%+v", u)
	}
}

// One look-up that fails leaves the others alone, and what was known of that owner as it was.
func TestOneOwnerCantBeLookedUp(t *testing.T) {
	w := newWorld(t, func(p *v1alpha1.TokenPolicy) {
		for i := range 20 {
			p.Spec.Rules[0].Owners.Users = append(p.Spec.Rules[0].Owners.Users, v1alpha1.JiraUserName(fmt.Sprint("bot-", i)))
		}
	})
	for i := range 20 {
		name := fmt.Sprint("bot-", i)
		w.jira.AddUser(jiratest.User{Name: name, Key: name})
		w.token(name, name)
	}
	w.synced()
	began := w.clock.Now()
	w.jira.Fault(jiratest.Fault{Status: 500, Match: func(r *http.Request) bool { return r.URL.Query().Get("username") == "bot-0" }})
	w.pass(6*time.Minute, v1alpha1.ReasonDirectoryUnreachable)
	s := w.kept()
	for i := range 20 {
		u, want := s.User(fmt.Sprint("bot-", i)), w.clock.Now()
		if i == 0 {
			want = began
		}
		if u == nil || u.Key == "" || !u.CheckedAt.Equal(want) {
			t.Errorf("%d: %+v", i, u)
		}
	}
	// Nor does a new one wait for it.
	w.jira.AddUser(jiratest.User{Name: "svc-ci", Key: "ci"})
	w.token("ci", "svc-ci")
	w.until("the new owner is known", func() bool { u := w.kept().User("svc-ci"); return u != nil && u.Key == "ci" })
}

// While a group can't be read, its members are not asked about one by one instead.
func TestMembersWaitForTheirGroup(t *testing.T) {
	w := newWorld(t)
	w.token("alice", "alice")
	w.jira.AddUser(jiratest.User{Name: "svc-ci"})
	w.token("ci", "svc-ci")
	w.synced()
	w.jira.Fault(jiratest.Fault{Status: 500, Match: func(r *http.Request) bool { return r.URL.Query().Get("groupname") == "Developers" }})
	w.jira.Reset()
	w.pass(6*time.Minute, v1alpha1.ReasonDirectoryUnreachable)
	if got := w.lookedUp(); !slices.Equal(got, []string{"svc-ci"}) {
		t.Errorf("looked up %q", got)
	}
}
