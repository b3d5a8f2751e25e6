// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
)

func withDirectory(p *v1alpha1.TokenPolicy) {
	p.Spec.Directory = &v1alpha1.Directory{SecretRef: &v1alpha1.SecretReference{Name: "directory"}, MaxStaleness: "24h"}
	p.Spec.JiraGroups = []v1alpha1.JiraGroup{{Name: "Developers", FromJira: &v1alpha1.GroupFromJira{}}}
	p.Spec.Rules[0].Owners = v1alpha1.Owners{Groups: []v1alpha1.JiraGroupName{"developers"}}
}

// read is what Jira says now: the developers, the administrators, and the user whom alice's name means.
func (w *world) read(members, admins []string, alice directory.User) {
	now := w.clock.Now()
	group := func(name string, members []string) *directory.Group {
		set := map[string]bool{}
		for _, m := range members {
			set[m] = true
		}
		return &directory.Group{Name: name, Members: set, SyncedAt: now}
	}
	alice.Name, alice.CheckedAt = "alice", now
	w.directory.snapshot = &directory.Snapshot{
		Groups: map[string]*directory.Group{
			"developers": group("developers", members), "jira-administrators": group("jira-administrators", admins),
			"jira-system-administrators": {Name: "jira-system-administrators", Missing: true, SyncedAt: now},
		},
		Users: map[string]*directory.User{"alice": &alice},
	}
}

func TestOwnersAreWhomJiraSays(t *testing.T) {
	w := newWorld(t, withDirectory)
	tok := w.token("ci", forAlice)
	w.waits(tok, v1alpha1.ReasonDirectoryPending)
	alice, developers := directory.User{Key: "JIRAUSER1", Active: true}, []string{"alice"}
	w.read(developers, nil, alice)
	plaintext := w.issued(tok)
	if g := tok.Status.Grant; g == nil || g.OwnerKey != "JIRAUSER1" {
		t.Errorf("grant %+v", g)
	}
	back := func() {
		t.Helper()
		w.read(developers, nil, alice)
		if w.issued(tok) != plaintext {
			t.Error("another credential")
		}
	}

	w.read(nil, nil, alice) // left the group
	w.waits(tok, v1alpha1.ReasonNotPermitted)
	back()
	w.read(developers, []string{"alice"}, alice) // became an administrator
	w.waits(tok, v1alpha1.ReasonNotPermitted)
	back()
	w.read(developers, nil, directory.User{Key: "JIRAUSER1"})
	w.waits(tok, v1alpha1.ReasonOwnerInactive)
	back()
	w.read(developers, nil, directory.User{Key: "JIRAUSER2", Active: true, FormerKey: "JIRAUSER1"}) // another alice
	w.waits(tok, v1alpha1.ReasonOwnerChanged)
	back()
	w.read(developers, nil, directory.User{FormerKey: "JIRAUSER1"}) // renamed
	w.waits(tok, v1alpha1.ReasonOwnerChanged)
	back()
	w.clock.SetTime(w.clock.Now().Add(25 * 60 * 60 * 1e9)) // Jira has not answered for too long
	w.directory.snapshot = &directory.Snapshot{Groups: w.directory.snapshot.Groups, Users: w.directory.snapshot.Users}
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "48h" })
	w.waits(tok, v1alpha1.ReasonDirectoryPending)
	back()
}

// TestBeginningToAskStopsNobody: a policy that begins to read a group from Jira leaves live tokens alone while Jira was
// not asked yet, for a minute at most; new ones wait.
func TestBeginningToAskStopsNobody(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", forAlice)
	plaintext := w.issued(tok)
	edit(w, w.policy, withDirectory)
	fresh := w.token("fresh", forAlice)
	w.waits(fresh, v1alpha1.ReasonDirectoryPending) // so the policy has arrived
	if again := w.manager.run(w, tok).RequeueAfter; again <= 0 || again > readGrace {
		t.Errorf("looked at again after %s", again)
	}
	if w.reason(tok) != v1alpha1.ReasonIssued || w.slots(tok)[0].credential.State != "active" {
		t.Error("a live token was stopped")
	}
	w.clock.SetTime(w.clock.Now().Add(readGrace))
	w.waits(tok, v1alpha1.ReasonDirectoryPending)
	w.read([]string{"alice"}, nil, directory.User{Key: "JIRAUSER1", Active: true})
	if w.issued(tok) != plaintext {
		t.Error("another credential")
	}
}
