// SPDX-License-Identifier: Apache-2.0

package directory_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/policysecret"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

func TestWrongCredential(t *testing.T) {
	w := newWorld(t)
	w.synced()
	w.jira.RevokePAT(w.pat)
	c := w.pass(6*time.Minute, v1alpha1.ReasonDirectoryRefused)
	if !strings.Contains(c.Message, "Jira did not accept the credential (status 401)") {
		t.Error(c.Message)
	}
	if w.members("developers") != 5 {
		t.Error("what is known is gone")
	}
	w.jira.Reset()
	w.clock.SetTime(w.clock.Now().Add(4 * time.Minute))
	w.run()
	if len(w.jira.Received()) != 0 {
		t.Error("a credential that was refused is tried again before its time")
	}
	// A new one is tried at once.
	w.pat = w.jira.AddPAT("root")
	w.replaceCredential(map[string]string{"token": w.pat})
	w.synced()
}

// Three wrong passwords, and Jira locks the user out: one refresh must not send more than one.
func TestOneWrongPasswordARefresh(t *testing.T) {
	w := newWorld(t)
	w.replaceCredential(map[string]string{"username": "root", "password": "wr0ng"})
	w.eventually("the cache has it", func() bool {
		var cached, live corev1.Secret
		must(t, plane.Client.Get(t.Context(), keyOf(w.policy.Namespace, "directory"), &live))
		err := w.manager.Client.Get(t.Context(), keyOf(w.policy.Namespace, "directory"), &cached)
		return err == nil && bytes.Equal(policysecret.DataDigest(&cached), policysecret.DataDigest(&live))
	})
	w.expect(v1alpha1.ReasonDirectoryRefused)
	if n := len(w.jira.Received()); n != 1 {
		t.Errorf("%d requests", n)
	}
	// A tool that labels all Secrets is no new password.
	var secret corev1.Secret
	must(t, plane.Client.Get(t.Context(), keyOf(w.policy.Namespace, "directory"), &secret))
	secret.Labels["team"] = "platform"
	must(t, plane.Client.Update(t.Context(), &secret))
	w.eventually("the cache has it", func() bool {
		var s corev1.Secret
		err := w.manager.Client.Get(t.Context(), keyOf(w.policy.Namespace, "directory"), &s)
		return err == nil && s.Labels["team"] != ""
	})
	w.pass(time.Minute, v1alpha1.ReasonDirectoryRefused)
	if n := len(w.jira.Received()); n != 1 {
		t.Errorf("%d requests, one of them because of a label", n)
	}
}

// Each of these is a credential that this policy may not or can't use.
func TestCredentialsThatCantBeUsed(t *testing.T) {
	label := map[string]string{v1alpha1.LabelPolicy: "jira"}
	for name, c := range map[string]struct {
		labels map[string]string
		kind   corev1.SecretType
		data   map[string]string
		want   string
	}{
		"no label": {nil, "", map[string]string{"token": "x"}, "lacks the label by which its owner lets this policy use it: kubectl label secret directory -n NS jiratokens.io/policy=jira"},
		"another policy's": {
			map[string]string{v1alpha1.LabelPolicy: "other"}, "", map[string]string{"token": "x"}, "lacks the label",
		},
		"the operator's own": {label, v1alpha1.SecretTypeTokenHash, map[string]string{"token": "x"}, "is one of the operator's own"},
		"empty":              {label, "", nil, `needs the key "token" (a Jira personal access token), or "username" and "password"`},
		"no user name":       {label, "", map[string]string{"password": "x"}, `needs the key "token"`},
		"two lines":          {label, "", map[string]string{"token": "a\nb"}, "can't be used: the personal access token has a line end"},
		"a colon":            {label, "", map[string]string{"username": "a:b", "password": "x"}, "the user name has a colon in it"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			must(t, plane.Client.Delete(t.Context(), w.credential(nil)))
			secret := w.credential(c.data)
			secret.Labels, secret.Type = c.labels, c.kind
			w.create(secret)
			w.jira.Reset()
			got := w.expect(v1alpha1.ReasonDirectoryRefused)
			if want := strings.ReplaceAll(c.want, "NS", w.policy.Namespace); !strings.Contains(got.Message, want) {
				t.Errorf("\nwant %s\nhave %s", want, got.Message)
			}
			if len(w.jira.Received()) != 0 {
				t.Error("Jira was asked")
			}
		})
	}
}

func TestMissingCredential(t *testing.T) {
	w := newWorld(t)
	must(t, plane.Client.Delete(t.Context(), w.credential(nil)))
	c := w.expect(v1alpha1.ReasonDirectoryRefused)
	if !strings.Contains(c.Message, "spec.directory.secretRef: Secret directory does not exist: create it in namespace "+w.policy.Namespace) {
		t.Error(c.Message)
	}
	w.create(w.credential(map[string]string{"token": w.pat}))
	w.pass(2*time.Second, v1alpha1.ReasonDirectorySynced) // as soon as somebody may have noticed
	// One that may not see groups is told of as well.
	w.pat = w.jira.AddPAT("alice")
	w.replaceCredential(map[string]string{"token": w.pat})
	c = w.pass(2*time.Second, v1alpha1.ReasonDirectoryRefused)
	if !strings.Contains(c.Message, "takes a Jira administrator") || w.members("developers") != 5 {
		t.Error(c.Message)
	}
}

// A Jira that takes the credential for somebody else's, or nobody's, is not believed.
func TestImpostor(t *testing.T) {
	w := newWorld(t)
	w.replaceCredential(map[string]string{"username": "root", "password": password})
	w.synced()
	w.jira.AddUser(jiratest.User{Name: "mallory", Permissions: jiratest.Admin})
	w.jira.Fault(jiratest.Fault{As: "mallory"})
	w.jira.UpdateUser("alice", func(u *jiratest.User) { u.Groups = nil })
	c := w.pass(6*time.Minute, v1alpha1.ReasonDirectoryRefused)
	if !strings.Contains(c.Message, `"mallory" rather than "root"`) || w.members("developers") != 5 {
		t.Error(c.Message, w.members("developers"))
	}
}

// An owner who can be looked up does not make up for groups that can't be read.
func TestRefusedGroupsStayRefused(t *testing.T) {
	w := newWorld(t)
	w.jira.AddUser(jiratest.User{Name: "svc-ci", Key: "ci"})
	w.jira.Fault(jiratest.Fault{Status: 403, Match: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/group/member") }})
	w.expect(v1alpha1.ReasonDirectoryRefused)
	w.token("ci", "svc-ci")
	w.next()
	w.eventually("the owner is looked up", func() bool {
		w.next()
		must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(w.policy), w.policy))
		c := meta.FindStatusCondition(w.policy.Status.Conditions, v1alpha1.ConditionDirectorySynced)
		if c.Reason != v1alpha1.ReasonDirectoryRefused || !strings.HasPrefix(c.Message, "spec.directory.secretRef: Secret directory") {
			t.Fatalf("the condition says %s: %s", c.Reason, c.Message)
		}
		return w.kept().User("svc-ci") != nil
	})
}
