// SPDX-License-Identifier: Apache-2.0

package directory_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

// dying is a manager's client that ends after so many writes of Secrets.
type dying struct {
	client.Client

	writesLeft int
}

var errKilled = errors.New("killed " + strings.Repeat("x", 40000)) // a webhook may say as much

func (d *dying) Create(ctx context.Context, o client.Object, opts ...client.CreateOption) error {
	d.writesLeft--
	if d.writesLeft < 0 {
		return errKilled
	}
	return d.Client.Create(ctx, o, opts...)
}

func (d *dying) Update(ctx context.Context, o client.Object, opts ...client.UpdateOption) error {
	d.writesLeft--
	if d.writesLeft < 0 {
		return errKilled
	}
	return d.Client.Update(ctx, o, opts...)
}

func TestTwentyThousandMembers(t *testing.T) {
	w := newWorld(t)
	for i := range 20_000 {
		w.jira.AddUser(jiratest.User{Name: fmt.Sprintf("user%05d", i), Groups: []string{"developers"}})
	}
	w.token("late", "user19999")
	w.synced()
	if got := w.members("developers"); got != 20_005 || *w.group("Developers").Members != 20_005 {
		t.Errorf("%d members", got)
	}
	if len(w.lookedUp()) != 0 || w.groupsRead() != 403 {
		t.Errorf("%d pages of groups, and look-ups of %q", w.groupsRead(), w.lookedUp())
	}
	secrets := w.secrets()
	if len(secrets) < 3 {
		t.Errorf("%d Secrets", len(secrets))
	}
	for name, s := range secrets {
		for key, value := range s.Data {
			if len(value) > 512<<10 {
				t.Errorf("%s of %s has %d bytes", key, name, len(value))
			}
		}
	}
	w.restart()
	w.jira.Fault(jiratest.Fault{Drop: true})
	w.pass(6*time.Minute, v1alpha1.ReasonDirectoryUnreachable)
	if got := *w.group("Developers").Members; got != 20_005 {
		t.Errorf("%d members after a restart in an outage", got)
	}
}

// secrets are those that the policy's directory is kept in.
func (w *world) secrets() map[string]*corev1.Secret {
	w.Helper()
	var list corev1.SecretList
	must(w, plane.Client.List(w.Context(), &list, client.InNamespace(w.policy.Namespace)))
	out := map[string]*corev1.Secret{}
	for i := range list.Items {
		if list.Items[i].Type == v1alpha1.SecretTypeDirectory {
			out[list.Items[i].Name] = &list.Items[i]
		}
	}
	return out
}

// A manager is killed between the shards and the index: the next one has what was before, in an outage as well.
func TestKilledBetweenShardAndIndex(t *testing.T) {
	w := newWorld(t)
	w.synced()
	w.manager.stop()
	w.manager = w.startManager(func(c client.Client) client.Client { return &dying{Client: c, writesLeft: 1} })
	w.jira.AddUser(jiratest.User{Name: "frank", Groups: []string{"developers"}})
	if _, err := w.tryRun(w.manager); !errors.Is(err, errKilled) {
		t.Fatalf("it lives: %v", err)
	}
	if n := len(w.secrets()); n != 3 || w.members("developers") != 5 {
		t.Fatalf("%d Secrets, %d members", n, w.members("developers"))
	}
	w.restart()
	w.jira.Fault(jiratest.Fault{Drop: true})
	w.pass(time.Minute, v1alpha1.ReasonDirectoryUnreachable)
	if w.members("developers") != 5 {
		t.Error("what was known is lost")
	}
	w.jira.ClearFaults()
	w.pass(time.Hour+6*time.Minute, v1alpha1.ReasonDirectorySynced)
	if n := len(w.secrets()); n != 2 || w.members("developers") != 6 {
		t.Errorf("%d Secrets, %d members: the orphan is not swept away", n, w.members("developers"))
	}
}

// The API server does not take what was read. Jira must not be asked again and again for it.
func TestWhatCantBeKept(t *testing.T) {
	w := newWorld(t)
	w.manager.stop()
	w.manager = w.startManager(func(c client.Client) client.Client { return &dying{Client: c} })
	for range 10 {
		if _, err := w.tryRun(w.manager); err != nil && !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
	}
	if n := w.groupsRead(); n != 3 {
		t.Errorf("%d pages of groups were read", n)
	}
	must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(w.policy), w.policy))
	c := meta.FindStatusCondition(w.policy.Status.Conditions, v1alpha1.ConditionDirectorySynced)
	if c == nil || c.Reason != v1alpha1.ReasonDirectoryNotKept || !strings.Contains(c.Message, "killed xxx") {
		t.Errorf("the status says %+v", c)
	}
	w.restart()
	w.synced()
}

// After a first success, too: what the status says of it must not be that all is well.
func TestWhatCantBeKeptAnyMore(t *testing.T) {
	w := newWorld(t)
	w.synced()
	w.manager.stop()
	w.manager = w.startManager(func(c client.Client) client.Client { return &dying{Client: c} })
	w.jira.AddUser(jiratest.User{Name: "frank", Groups: []string{"developers"}})
	if _, err := w.tryRun(w.manager); !errors.Is(err, errKilled) {
		t.Fatalf("it lives: %v", err)
	}
	c := w.expect(v1alpha1.ReasonDirectoryNotKept)
	if !strings.Contains(c.Message, "What Jira said last counts until") {
		t.Error(c.Message)
	}
	w.manager.stop()
	w.manager = w.startManager(nil)
	w.synced()
	if w.members("developers") != 6 {
		t.Error("the new member is lost")
	}
}

// Two managers at once: one that lost its lease without noticing. Whatever they do, what is kept is whole.
func TestTwoManagers(t *testing.T) {
	w := newWorld(t)
	other := w.startManager(nil)
	request := ctrl.Request{NamespacedName: client.ObjectKeyFromObject(w.policy)}
	for round := range 10 {
		w.jira.AddUser(jiratest.User{Name: fmt.Sprint("user", round), Groups: []string{"developers"}})
		w.clock.SetTime(w.clock.Now().Add(6 * time.Minute))
		var both sync.WaitGroup
		for _, m := range []*manager{w.manager, other} {
			both.Go(func() {
				if _, err := m.Reconcile(t.Context(), request); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if s := w.kept(); s == nil || len(s.Group("developers").Members) < 5 {
			t.Fatalf("round %d: what is kept is broken: %+v", round, s)
		}
	}
	w.pass(6*time.Minute, v1alpha1.ReasonDirectorySynced)
	if got := w.members("developers"); got != 15 {
		t.Errorf("%d members in the end", got)
	}
}

// Somebody changes what is kept. It is not believed, told of, and put right, with all that was known.
func TestForgedSecrets(t *testing.T) {
	w := newWorld(t)
	w.jira.AddUser(jiratest.User{Name: "svc-ci", Key: "first"})
	w.token("ci", "svc-ci")
	w.synced()
	w.jira.AddUser(jiratest.User{Name: "svc-ci", Key: "second"})
	w.refresh()
	before := w.kept()
	w.eventually("the cache has it", func() bool {
		s, err := w.manager.Directory.Of(t.Context(), w.policy)
		return err == nil && reflect.DeepEqual(s, before)
	})
	index := w.secrets()["jira-directory"]
	index.Data["index.json"] = []byte(strings.ReplaceAll(string(index.Data["index.json"]), "evelopers", "esigners"))
	must(t, plane.Client.Update(t.Context(), index))
	w.jira.Fault(jiratest.Fault{Drop: true}) // what it does not remember it can't read either
	if w.kept() != nil {
		t.Error("believed")
	}
	w.refresh()
	if after := w.kept(); !reflect.DeepEqual(after, before) {
		t.Errorf("want %+v\nhave %+v", before, after)
	}
	if u := w.kept().User("svc-ci"); u.FormerKey != "first" {
		t.Errorf("%+v", u)
	}
	if told := w.told(); !hasEvent(told, "Warning", "DirectoryDamaged") {
		t.Errorf("%q", told)
	}
	// A manager that has just started remembers nothing: it reads Jira.
	w.restart()
	index = w.secrets()["jira-directory"]
	index.Data["checksum"] = nil
	must(t, plane.Client.Update(t.Context(), index))
	w.jira.ClearFaults()
	w.pass(time.Minute, v1alpha1.ReasonDirectorySynced)
	if w.members("developers") != 5 {
		t.Error("not put right")
	}
}

func TestNameOfTheIndexIsTaken(t *testing.T) {
	w := newWorld(t)
	foreign := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.policy.Namespace, Name: "jira-directory"}}
	w.create(foreign)
	c := w.expect(v1alpha1.ReasonForeignObject)
	if !strings.Contains(c.Message, "Secret jira-directory is in the way") {
		t.Error(c.Message)
	}
	if next := w.next(); next < 4*time.Second {
		t.Errorf("looks again after %s", next)
	}
	must(t, plane.Client.Delete(t.Context(), foreign))
	w.pass(6*time.Second, v1alpha1.ReasonDirectorySynced)
}
