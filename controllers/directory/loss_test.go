// SPDX-License-Identifier: Apache-2.0

package directory_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

// loseMost takes four of the five developers away.
func (w *world) loseMost() {
	for _, name := range []string{"bob", "carol", "dave", "erin"} {
		w.jira.UpdateUser(name, func(u *jiratest.User) { u.Groups = nil })
	}
}

func (w *world) bringBack() {
	for _, name := range []string{"bob", "carol", "dave", "erin"} {
		w.jira.UpdateUser(name, func(u *jiratest.User) { u.Groups = []string{"developers"} })
	}
}

// command is the one that a condition or event tells to run, as its annotation's key and value.
func command(t *testing.T, text, policy, namespace string) (key, value string) {
	t.Helper()
	_, after, ok := strings.Cut(text, "kubectl annotate tokenpolicy "+policy+" -n "+namespace+" --overwrite ")
	if !ok {
		t.Fatalf("no command in %q", text)
	}
	key, value, _ = strings.Cut(after, "=")
	return key, strings.TrimSpace(value)
}

func hasEvent(told []string, kind, reason string) bool {
	return slices.ContainsFunc(told, func(e string) bool { return strings.HasPrefix(e, kind+" "+reason+" ") })
}

func TestLossIsHeldAndConfirmed(t *testing.T) {
	w := newWorld(t)
	w.synced()
	w.loseMost()
	began := w.clock.Now().Add(6 * time.Minute)
	c := w.pass(6*time.Minute, v1alpha1.ReasonLossHeld)
	due := began.Add(time.Hour).UTC().Format(time.RFC3339)
	if !strings.Contains(c.Message, `group "Developers" lost more than half of its members at once (5 before, 1 now)`) ||
		!strings.Contains(c.Message, "applied at "+due) {
		t.Error(c.Message)
	}
	if g := w.group("Developers"); *g.Members != 5 || !strings.Contains(g.Problem, due) || !g.SyncedAt.Time.Equal(began) {
		t.Errorf("%+v", g)
	}
	if w.members("developers") != 5 || !hasEvent(w.told(), "Warning", "LossHeld") {
		t.Error("the loss is applied, or nobody is told")
	}
	// It holds through refreshes, a restart and a confirmation of something else.
	w.edit(func(p *v1alpha1.TokenPolicy) {
		p.Annotations = map[string]string{v1alpha1.AnnotationConfirmLoss: "0badc0de"}
	})
	w.pass(6*time.Minute, v1alpha1.ReasonLossHeld)
	w.restart()
	again := w.pass(6*time.Minute, v1alpha1.ReasonLossHeld)
	if again.Message != c.Message || w.members("developers") != 5 {
		t.Errorf("not the same any more: %s", again.Message)
	}
	// Even while Jira is away the confirmation counts.
	mend := w.jira.Fault(jiratest.Fault{Drop: true})
	key, value := command(t, c.Message, "jira", w.policy.Namespace)
	w.edit(func(p *v1alpha1.TokenPolicy) { p.Annotations[key] = value })
	w.until("the loss is applied", func() bool { return w.members("developers") == 1 })
	if told := w.told(); !hasEvent(told, "Warning", "LossApplied") {
		t.Errorf("%q", told)
	}
	mend()
	w.pass(6*time.Minute, v1alpha1.ReasonDirectorySynced)
	if g := w.group("Developers"); *g.Members != 1 || g.Problem != "" {
		t.Errorf("%+v", g)
	}
}

func TestLossIsAppliedByItself(t *testing.T) {
	w := newWorld(t, func(p *v1alpha1.TokenPolicy) { p.Spec.Directory.RefreshInterval = "12h" })
	w.token("bob", "bob") // who is among those that are lost
	w.synced()
	w.loseMost()
	w.pass(14*time.Hour, v1alpha1.ReasonLossHeld)
	if next := w.next(); next > time.Hour+2*time.Second {
		t.Errorf("looks again after %s", next)
	}
	w.pass(time.Hour-time.Second, v1alpha1.ReasonLossHeld)
	w.jira.Reset()
	w.pass(time.Second, v1alpha1.ReasonDirectorySynced)
	if w.members("developers") != 1 || len(w.jira.Received()) != 0 {
		t.Errorf("%d members after holdLoss, and Jira was asked %d times", w.members("developers"), len(w.jira.Received()))
	}
}

func TestLossRecovers(t *testing.T) {
	w := newWorld(t)
	w.synced()
	before := w.content()
	w.loseMost()
	w.pass(6*time.Minute, v1alpha1.ReasonLossHeld)
	w.told()
	w.bringBack()
	w.pass(6*time.Minute, v1alpha1.ReasonDirectorySynced)
	if told := w.told(); w.members("developers") != 5 || w.content() != before || !hasEvent(told, "Normal", "LossRecovered") {
		t.Errorf("%d members, events %q", w.members("developers"), told)
	}
}

// A group that is gone is a loss of all, and one command confirms everything that is held.
func TestGroupsVanish(t *testing.T) {
	w := newWorld(t, func(p *v1alpha1.TokenPolicy) {
		p.Spec.JiraGroups = append(p.Spec.JiraGroups, v1alpha1.JiraGroup{Name: "testers", FromJira: &v1alpha1.GroupFromJira{}})
	})
	for _, name := range []string{"t1", "t2", "t3", "t4"} {
		w.jira.AddUser(jiratest.User{Name: name, Groups: []string{"testers"}})
	}
	w.synced()
	w.jira.RemoveGroup("testers")
	w.jira.RemoveGroup("developers")
	c := w.pass(6*time.Minute, v1alpha1.ReasonLossHeld)
	if !strings.Contains(c.Message, `group "testers", which had 4 members, is gone from Jira at once`) {
		t.Error(c.Message)
	}
	if w.members("testers") != 4 || w.members("developers") != 5 {
		t.Error("applied at once")
	}
	key, value := command(t, c.Message, "jira", w.policy.Namespace)
	w.edit(func(p *v1alpha1.TokenPolicy) { p.Annotations = map[string]string{key: value} })
	w.expect(v1alpha1.ReasonGroupNotFound)
	if g := w.kept().Group("testers"); !g.Missing || w.members("developers") != 0 || w.members("testers") != 0 {
		t.Errorf("%+v", g)
	}
}

func TestHoldNothing(t *testing.T) {
	w := newWorld(t, func(p *v1alpha1.TokenPolicy) { p.Spec.Directory.HoldLoss = "0s" })
	w.synced()
	w.loseMost()
	w.refresh()
	if told := w.told(); w.members("developers") != 1 || !hasEvent(told, "Warning", "LossApplied") {
		t.Errorf("%d members, events %q", w.members("developers"), told)
	}
}
