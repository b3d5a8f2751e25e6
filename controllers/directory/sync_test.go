// SPDX-License-Identifier: Apache-2.0

package directory_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

func TestFirstSync(t *testing.T) {
	w := newWorld(t)
	w.jira.AddUser(jiratest.User{Name: "gone", Key: "key-gone", Groups: []string{"developers"}, Inactive: true})
	w.jira.AddGroup(jiratest.Group{Name: "developers", Subgroups: []string{"interns"}})
	w.jira.AddUser(jiratest.User{Name: "ines", Key: "key-ines", Groups: []string{"interns"}})
	for i := range 120 {
		w.jira.AddUser(jiratest.User{Name: fmt.Sprintf("dev%03d", i), Groups: []string{"interns"}})
	}
	w.token("gone", "gone") // owned by an inactive user
	w.synced()

	s := w.kept()
	if got := w.members("developers"); got != 126 {
		t.Errorf("%d developers", got)
	}
	for name, active := range map[string]bool{"ines": true, "BOB": true, "root": true} {
		if u := s.User(name); u == nil || u.Active != active || u.Key == "" || !u.CheckedAt.Equal(w.clock.Now()) {
			t.Errorf("%s: %+v", name, u)
		}
	}
	if u := s.User("gone"); u == nil || u.Active || s.Group("developers").Members["gone"] {
		t.Errorf("an inactive user: %+v", u)
	}
	developers := w.group("Developers")
	if developers.Members == nil || *developers.Members != 126 || developers.Problem != "" ||
		!developers.SyncedAt.Time.Equal(w.clock.Now()) {
		t.Errorf("%+v", developers)
	}
	if admins := w.group("jira-administrators"); admins.Members == nil || *admins.Members != 1 {
		t.Errorf("privileged groups are read as well: %+v", admins)
	}
	// A Jira without the second group that is privileged by itself is an ordinary one.
	if system := w.group("jira-system-administrators"); system.Problem != "" || system.Members == nil || *system.Members != 0 {
		t.Errorf("%+v", system)
	}
	if len(w.policy.Status.Groups) != 3 {
		t.Errorf("%+v", w.policy.Status.Groups)
	}
	if told := w.told(); len(told) != 1 || !strings.HasPrefix(told[0], "Normal Synced") {
		t.Errorf("%q", told)
	}
}

func TestEachWayOfAuthentication(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	for via, c := range map[string]struct {
		data map[string]string
		edit func(*v1alpha1.TokenPolicy)
	}{
		"basic": {map[string]string{"username": "root", "password": password}, func(*v1alpha1.TokenPolicy) {}},
		"oauth": {map[string]string{"tls.key": private}, func(p *v1alpha1.TokenPolicy) {
			p.Spec.Directory.SecretRef = nil
			p.Spec.Directory.OAuth = &v1alpha1.DirectoryOAuth{Username: "Root"}
			p.Spec.Impersonation = v1alpha1.Impersonation{OAuth: &v1alpha1.OAuthImpersonation{
				ConsumerKey: "jiratokens", PrivateKeySecretRef: v1alpha1.SecretKeyReference{Name: "directory", Key: "tls.key"},
			}}
		}},
	} {
		t.Run(via, func(t *testing.T) {
			w := newWorld(t, c.edit)
			w.jira.SetOAuthConsumer("jiratokens", &key.PublicKey)
			w.replaceCredential(c.data)
			w.synced()
			if last := w.jira.Last(); last.Via != via || last.User != "root" {
				t.Errorf("Jira saw %+v", last)
			}
		})
	}
}

func TestGroupThatJiraDoesNotHave(t *testing.T) {
	w := newWorld(t, func(p *v1alpha1.TokenPolicy) {
		p.Spec.JiraGroups = append(p.Spec.JiraGroups, v1alpha1.JiraGroup{Name: "Devs of old", FromJira: &v1alpha1.GroupFromJira{}})
	})
	c := w.expect(v1alpha1.ReasonGroupNotFound)
	const want = `Jira has no group "Devs of old": create it there, or correct the name in spec.jiraGroups`
	if !strings.Contains(c.Message, want) || !strings.Contains(w.group("Devs of old").Problem, want) {
		t.Errorf("%s\n%+v", c.Message, w.group("Devs of old"))
	}
	if g := w.group("Developers"); g.Problem != "" || *g.Members != 5 {
		t.Errorf("the other group: %+v", g)
	}
	w.jira.AddGroup(jiratest.Group{Name: "devs of old"})
	w.pass(6*time.Minute, v1alpha1.ReasonDirectorySynced)
	// The ordinary name of a privileged group is a problem where a rule may use it.
	w.edit(func(p *v1alpha1.TokenPolicy) {
		p.Spec.JiraGroups[2].Name = "jira-system-administrators"
		p.Spec.PrivilegedGroups = []v1alpha1.JiraGroupName{"jira-administrators", "admins-of-old"}
	})
	c = w.expect(v1alpha1.ReasonGroupNotFound)
	if !strings.Contains(c.Message, "jira-system-administrators") || !strings.Contains(w.group("admins-of-old").Problem, "spec.privilegedGroups") {
		t.Errorf("%s\n%+v", c.Message, w.policy.Status.Groups)
	}
}

func TestOneFailingGroupStopsNoOther(t *testing.T) {
	w := newWorld(t, func(p *v1alpha1.TokenPolicy) {
		for _, name := range []v1alpha1.JiraGroupName{"aaa", "mmm", "zzz"} {
			p.Spec.JiraGroups = append(p.Spec.JiraGroups, v1alpha1.JiraGroup{Name: name, FromJira: &v1alpha1.GroupFromJira{}})
		}
	})
	for _, name := range []string{"aaa", "mmm", "zzz"} {
		w.jira.AddUser(jiratest.User{Name: "user-" + name, Groups: []string{name}})
	}
	w.token("ci", "svc-ci")
	w.jira.AddUser(jiratest.User{Name: "svc-ci"})
	remove := w.jira.Fault(jiratest.Fault{Status: 500, Match: func(r *http.Request) bool {
		return r.URL.Query().Get("groupname") == "mmm" || r.URL.Query().Get("groupname") == "Developers"
	}})
	c := w.expect(v1alpha1.ReasonDirectoryUnreachable)
	if !strings.Contains(c.Message, `group "developers" could not be read: Jira answered with status 500`) {
		t.Error(c.Message)
	}
	for name, want := range map[string]int{"aaa": 1, "zzz": 1, "mmm": -1, "developers": -1, "jira-administrators": 1} {
		if got := w.members(name); got != want {
			t.Errorf("%s has %d members", name, got)
		}
	}
	if w.kept().User("svc-ci") == nil {
		t.Error("owners are not looked up because of one group")
	}
	if g := w.group("mmm"); g.Members != nil || g.SyncedAt != nil || !strings.Contains(g.Problem, "status 500") {
		t.Errorf("%+v", g)
	}
	remove()
	w.pass(6*time.Second, v1alpha1.ReasonDirectorySynced) // after the first back-off, long before the interval
	if g := w.group("mmm"); *g.Members != 1 || g.Problem != "" {
		t.Errorf("%+v", g)
	}
}

// A stranger's tokens must not make the operator ask Jira about names of their choice, and no owner is asked about twice.
func TestLookUps(t *testing.T) {
	w := newWorld(t)
	w.jira.AddUser(jiratest.User{Name: "svc-ci", Key: "ci"})
	w.jira.AddUser(jiratest.User{Name: "stranger"})
	for i := range 20 {
		w.token(fmt.Sprint("ci-", i), []string{"svc-ci", "SVC-ci"}[i%2])
		w.token(fmt.Sprint("strange-", i), "stranger")
		w.token(fmt.Sprint("dev-", i), "alice")
	}
	w.token("declared", "mona")
	w.synced()
	if got := w.lookedUp(); !slices.Equal(got, []string{"mona", "svc-ci"}) {
		t.Errorf("Jira was asked about %q", got)
	}
	s := w.kept()
	if s.User("stranger") != nil || s.User("svc-ci").Key != "ci" || s.User("mona").Key != "" {
		t.Errorf("%+v", s.Users)
	}
	w.jira.Reset()
	w.run()
	if len(w.jira.Received()) != 0 {
		t.Error("Jira was asked again before its time")
	}
	w.refresh()
	if got := w.lookedUp(); !slices.Equal(got, []string{"mona", "svc-ci"}) {
		t.Errorf("at the next refresh Jira was asked about %q", got)
	}
}

// A new token does not wait for the next refresh, and does not cause one.
func TestNewOwnerIsLookedUpPromptly(t *testing.T) {
	w := newWorld(t)
	w.jira.AddUser(jiratest.User{Name: "svc-ci", Key: "ci"})
	w.synced()
	before := w.content()
	w.jira.Reset()
	w.clock.SetTime(w.clock.Now().Add(time.Minute))
	w.token("ci", "svc-ci")
	w.until("the owner is known", func() bool { return w.kept().User("svc-ci") != nil })
	if got := w.lookedUp(); len(got) != 1 || w.groupsRead() != 0 {
		t.Errorf("looked up %q, and read %d pages of groups", got, w.groupsRead())
	}
	if w.content() == before {
		t.Error("the token is not woken")
	}
	if s := w.kept(); !s.Group("developers").SyncedAt.Equal(w.clock.Now().Add(-time.Minute)) {
		t.Errorf("the group counts as read: %s", s.Group("developers").SyncedAt)
	}
	// So does a new group.
	w.jira.Reset()
	w.jira.AddUser(jiratest.User{Name: "tess", Groups: []string{"testers"}})
	w.edit(func(p *v1alpha1.TokenPolicy) {
		p.Spec.JiraGroups = append(p.Spec.JiraGroups, v1alpha1.JiraGroup{Name: "testers", FromJira: &v1alpha1.GroupFromJira{}})
	})
	w.until("the group is known", func() bool { return w.members("testers") == 1 })
	if w.groupsRead() != 1 || len(w.lookedUp()) != 0 {
		t.Errorf("read %d pages of groups, looked up %q", w.groupsRead(), w.lookedUp())
	}
	// And what the policy does not name any more is forgotten.
	w.edit(func(p *v1alpha1.TokenPolicy) { p.Spec.JiraGroups = p.Spec.JiraGroups[:2] })
	w.synced()
	w.refresh()
	if s := w.kept(); s.Group("testers") != nil || s.User("tess") != nil {
		t.Errorf("%+v", s.Groups)
	}
}

// A member who leaves a group loses it with the next refresh, and has it back if they return.
func TestRefresh(t *testing.T) {
	w := newWorld(t)
	w.synced()
	with := w.content()
	w.jira.UpdateUser("alice", func(u *jiratest.User) { u.Groups = nil })
	w.run()
	if w.members("developers") != 5 {
		t.Error("read before its time")
	}
	w.refresh()
	if w.members("developers") != 4 || w.content() == with {
		t.Errorf("%d members after the refresh", w.members("developers"))
	}
	w.jira.UpdateUser("alice", func(u *jiratest.User) { u.Groups = []string{"developers"} })
	w.refresh()
	if w.members("developers") != 5 || w.content() != with {
		t.Errorf("%d members after she came back", w.members("developers"))
	}
}

// Nothing is written between refreshes, and at a refresh without news the index and the status alone.
func TestWritesAreFew(t *testing.T) {
	w := newWorld(t)
	w.synced()
	before := w.content()
	versions := func() (out [2]string) {
		var secret corev1.Secret
		must(t, plane.Client.Get(t.Context(), keyOf(w.policy.Namespace, "jira-directory"), &secret))
		must(t, plane.Client.Get(t.Context(), keyOf(w.policy.Namespace, "jira"), w.policy))
		return [2]string{secret.ResourceVersion, w.policy.ResourceVersion}
	}
	then := versions()
	for range 5 {
		w.clock.SetTime(w.clock.Now().Add(30 * time.Second))
		w.run()
	}
	if now := versions(); now != then {
		t.Errorf("%v became %v between refreshes", then, now)
	}
	w.clock.SetTime(w.clock.Now().Add(3 * time.Minute))
	w.until("the status shows the refresh", func() bool {
		must(t, plane.Client.Get(t.Context(), keyOf(w.policy.Namespace, "jira"), w.policy))
		return w.group("Developers").SyncedAt.Time.Equal(w.clock.Now())
	})
	after := versions()
	for range 5 {
		w.run()
	}
	if now := versions(); now != after || w.content() != before {
		t.Errorf("%v became %v after a refresh without news", after, now)
	}
}

func TestDirectoryIsRemoved(t *testing.T) {
	w := newWorld(t)
	w.synced()
	w.edit(func(p *v1alpha1.TokenPolicy) { p.Spec.Directory, p.Spec.JiraGroups = nil, nil })
	w.until("all is gone", func() bool {
		var list corev1.SecretList
		must(t, plane.Client.List(t.Context(), &list, inNamespace(w.policy.Namespace)))
		must(t, plane.Client.Get(t.Context(), keyOf(w.policy.Namespace, "jira"), w.policy))
		return len(list.Items) == 1 && list.Items[0].Name == "directory" && len(w.policy.Status.Groups) == 0 &&
			!slices.ContainsFunc(w.policy.Status.Conditions, func(c metav1.Condition) bool {
				return c.Type == v1alpha1.ConditionDirectorySynced
			})
	})
	if families, err := w.manager.registry.Gather(); err != nil || len(families) != 0 {
		t.Errorf("metrics of a policy that has no directory: %v %v", families, err)
	}
	w.edit(func(p *v1alpha1.TokenPolicy) { p.Spec.Directory = w.newPolicy().Spec.Directory })
	w.synced()
	if w.members("jira-administrators") != 1 || w.kept().Group("developers") != nil {
		t.Errorf("%+v", w.kept())
	}
}

// A policy that does not count in its namespace reads nothing: it would be asking on somebody else's behalf.
func TestSecondPolicyReadsNothing(t *testing.T) {
	w := newWorld(t)
	w.synced()
	first := w.policy
	second := w.newPolicy(func(p *v1alpha1.TokenPolicy) {
		p.Namespace, p.Name = first.Namespace, "zweite"
		p.Spec.Directory.SecretRef.Name = "directory-2"
	})
	credential := w.credential(map[string]string{"token": w.pat})
	credential.Name, credential.Labels[v1alpha1.LabelPolicy] = "directory-2", second.Name
	w.create(credential)
	w.create(second)
	w.policy = second
	w.jira.Reset()
	w.eventually("the cache has it", func() bool {
		return w.manager.Client.Get(t.Context(), keyOf(second.Namespace, second.Name), &v1alpha1.TokenPolicy{}) == nil
	})
	w.run()
	if len(w.jira.Received()) != 0 || w.kept() != nil {
		t.Error("it reads Jira")
	}
	w.policy = first
	w.run()
	if w.members("developers") != 5 {
		t.Error("it took away what the first one has")
	}
}
