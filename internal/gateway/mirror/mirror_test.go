// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gateway/mirror"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

func TestFollowsHashSecrets(t *testing.T) {
	w := newWorld(t)
	before := credential(1)
	w.create(t, w.hashSecret(t, before))
	g := w.start(t)
	eventually(t, "ready", g.Ready)
	if !g.has(before) {
		t.Error("ready without the tokens that were there before")
	}

	c := credential(2)
	secret := w.hashSecret(t, c)
	w.create(t, secret)
	t.Log("created → found:", eventually(t, "found", func() bool { return g.has(c) }))

	c.State, c.BlockedReason = grant.Blocked, "the token is suspended"
	secret.Data = w.hashSecret(t, c).Data
	w.update(t, secret)
	t.Log("changed → found:", eventually(t, "blocked", func() bool {
		r, _ := g.table.Lookup(c.Hash)
		return r.Blocked && r.BlockedReason == c.BlockedReason
	}))

	w.remove(t, secret)
	t.Log("deleted → gone: ", eventually(t, "gone", func() bool { return !g.has(c) }))
	if got := g.metric(t, "tokens"); got != 1 {
		t.Errorf("metric tokens: %v", got)
	}
}

// A Secret that becomes unreadable grants nothing any more, and its content stays out of the log.
func TestUndecodableSecret(t *testing.T) {
	w := newWorld(t)
	c := credential(1)
	secret := w.hashSecret(t, c)
	w.create(t, secret)
	g := w.start(t)
	eventually(t, "found", func() bool { return g.has(c) })

	good := secret.Data
	secret.Data = map[string][]byte{grant.DataKey: []byte(`{"version":1,"expiresAt":"do-not-log-this"}`)}
	w.update(t, secret)
	eventually(t, "gone", func() bool { return !g.has(c) && g.metric(t, "refused_secrets") == 1 })
	if log := g.logged(); !strings.Contains(log, secret.Name) || !strings.Contains(log, "it is damaged") || strings.Contains(log, "do-not-log-this") {
		t.Errorf("log must name the Secret and not repeat it:\n%s", log)
	}
	secret.Data = map[string][]byte{grant.DataKey: []byte(`{"version":99}`)}
	w.update(t, secret)
	eventually(t, "said to be newer", func() bool { return strings.Contains(g.logged(), "a newer version of the operator wrote it") })
	if g.has(c) {
		t.Error("a newer version's credential is believed")
	}
	secret.Data = good
	w.update(t, secret)
	eventually(t, "back", func() bool { return g.has(c) && g.metric(t, "refused_secrets") == 0 })
}

// A Secret that something holds with a finalizer is over when it is deleted, not when it is gone.
func TestSecretBeingDeleted(t *testing.T) {
	w := newWorld(t)
	c := credential(1)
	secret := w.hashSecret(t, c)
	secret.Finalizers = []string{"example.com/hold"}
	w.create(t, secret)
	g := w.start(t)
	eventually(t, "found", func() bool { return g.has(c) })
	w.remove(t, secret)
	eventually(t, "gone", func() bool { return !g.has(c) })
}

// The label ties a hash Secret to its policy: without it the Secret is gone, and with it back.
func TestHashSecretChangesPolicy(t *testing.T) {
	w := newWorld(t)
	c := credential(1)
	secret := w.hashSecret(t, c)
	w.create(t, secret)
	g := w.start(t)
	eventually(t, "found", func() bool { return g.has(c) })
	for _, label := range []string{"jira-2", ""} {
		secret.Labels[v1alpha1.LabelPolicy] = label
		w.update(t, secret)
		eventually(t, "gone", func() bool { return !g.has(c) })
		secret.Labels[v1alpha1.LabelPolicy] = policy
		w.update(t, secret)
		eventually(t, "back", func() bool { return g.has(c) })
	}
}

// The oldest of two Secrets with one hash stays, also for a gateway that starts later. When it is deleted, the token is
// over: the other one does not take its place by itself.
func TestDuplicateHash(t *testing.T) {
	w := newWorld(t)
	first, second := credential(1), credential(2)
	second.Hash = first.Hash
	w.create(t, w.hashSecret(t, first))
	running := w.start(t)
	eventually(t, "found", func() bool { return running.has(first) })
	copied := w.hashSecret(t, second)
	w.create(t, copied)
	eventually(t, "refused", func() bool { return running.metric(t, "refused_secrets") == 1 })
	late := w.start(t)
	eventually(t, "ready", late.Ready)
	for _, g := range []*gateway{running, late} {
		if r, _ := g.table.Lookup(first.Hash); r.ID != first.ID {
			t.Errorf("got %+v", r)
		}
	}
	w.remove(t, w.hashSecret(t, first))
	for _, g := range []*gateway{running, late} {
		eventually(t, "over", func() bool { return !g.has(first) })
		if got := g.metric(t, "refused_secrets"); got != 1 {
			t.Errorf("metric refused_secrets: %v", got)
		}
	}
	copied.Annotations = map[string]string{"example.com/changed": "true"}
	w.update(t, copied)
	eventually(t, "judged anew", func() bool { return running.has(second) && running.metric(t, "refused_secrets") == 0 })
}

// Nothing but Secrets of the right namespace, type, name and label is believed.
func TestLookAlikes(t *testing.T) {
	w, foreign := newWorld(t), &world{namespace: plane.Namespace(t)}
	other := credential(1)
	foreign.create(t, foreign.hashSecret(t, other))

	opaque := credential(2)
	lookAlike := w.hashSecret(t, opaque)
	lookAlike.Type = corev1.SecretTypeOpaque
	w.create(t, lookAlike)

	theirs, nobodys := credential(4), credential(5)
	ofAnother := w.hashSecret(t, theirs) // left by the policy that this namespace had before
	ofAnother.Labels[v1alpha1.LabelPolicy] = "jira-2"
	w.create(t, ofAnother)
	ofNobody := w.hashSecret(t, nobodys)
	delete(ofNobody.Labels, v1alpha1.LabelPolicy)
	w.create(t, ofNobody)

	secondConfig := w.configSecret(t, 99)
	secondConfig.Name = "jira-gateway-config-2"
	w.create(t, secondConfig)

	for name, label := range map[string]string{"mine": policy, "theirs": "jira-2", "nobodys": ""} {
		s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}}
		if label != "" {
			s.Labels = map[string]string{v1alpha1.LabelPolicy: label}
		}
		w.create(t, s)
	}

	g := w.start(t)
	last := credential(3)
	w.create(t, w.hashSecret(t, last))
	eventually(t, "found", func() bool { return g.has(last) })
	eventually(t, "ready", g.Ready)
	if g.has(other) || g.has(opaque) || g.has(theirs) || g.has(nobodys) || g.table.Len() != 1 {
		t.Errorf("believes a look-alike: %d tokens", g.table.Len())
	}
	want := []string{"mine", lookAlike.Name} // the latter is a Secret like others
	slices.Sort(want)
	if got := g.secretNames(); !slices.Equal(got, want) {
		t.Errorf("Secrets: got %v, want %v", got, want)
	}
	if got := g.generation(); got != 1 {
		t.Errorf("configuration of generation %d", got)
	}
}

// What can't be used changes nothing; what can is used without a restart.
func TestConfiguration(t *testing.T) {
	w := newWorld(t)
	secret := w.configSecret(t, 1)
	g := w.start(t)
	eventually(t, "ready", g.Ready)
	must(t, plane.Client.Get(t.Context(), keyOf(secret), secret))
	apply := func(change func(*corev1.Secret)) {
		t.Helper()
		change(secret)
		w.update(t, secret)
	}
	failed := func(n float64) func() bool {
		return func() bool { return g.metric(t, "config_errors_total") == n && g.metric(t, "config_current") == 0 }
	}

	apply(func(s *corev1.Secret) { s.Data = w.configSecret(t, 2).Data })
	eventually(t, "generation 2", func() bool { return g.generation() == 2 && g.metric(t, "config_generation") == 2 })
	apply(func(s *corev1.Secret) { s.Data[gatewayconfig.DataKey] = []byte(`{"version":1,"newLimit":true}`) })
	eventually(t, "unknown field refused", failed(1))
	apply(func(s *corev1.Secret) {
		foreign := world{namespace: "elsewhere"}
		s.Data = foreign.configSecret(t, 3).Data
	})
	eventually(t, "foreign policy refused", failed(2))
	g.mu.Lock()
	g.refuse = errors.New("no key")
	g.mu.Unlock()
	apply(func(s *corev1.Secret) { s.Data = w.configSecret(t, 4).Data })
	eventually(t, "refused by the gateway", failed(3))
	w.remove(t, secret)
	eventually(t, "missing", failed(4))
	if g.generation() != 2 || !g.Ready() {
		t.Error("the last good configuration was not kept")
	}
	g.mu.Lock()
	g.refuse = nil
	g.mu.Unlock()
	w.create(t, w.configSecret(t, 5))
	eventually(t, "generation 5", func() bool { return g.generation() == 5 && g.metric(t, "config_current") == 1 })
}

// incomplete makes one generation of the configuration usable in part only.
func incomplete(generation int64, calls *[]int64) func(*mirror.Options) {
	return func(o *mirror.Options) {
		next := o.OnConfig
		o.OnConfig = func(c *gatewayconfig.Config, secrets []gatewayconfig.Secret) error {
			*calls = append(*calls, c.Policy.Generation)
			if err := next(c, secrets); err != nil || c.Policy.Generation != generation {
				return err
			}
			return fmt.Errorf("%w: no key", mirror.ErrIncomplete)
		}
	}
}

// A configuration that can be used in part is the current one, also after a restart without the API; the last good one
// comes first then, for what the other lacks.
func TestIncompleteConfiguration(t *testing.T) {
	w := newWorld(t)
	w.create(t, w.hashSecret(t, credential(1)))
	var calls []int64
	g := w.start(t, incomplete(2, &calls))
	eventually(t, "ready", func() bool { return g.Ready() && g.metric(t, "config_current") == 1 })
	secret := w.configSecret(t, 2)
	w.update(t, secret)
	eventually(t, "generation 2", func() bool {
		return g.metric(t, "config_generation") == 2 && g.metric(t, "config_errors_total") == 1 && g.metric(t, "config_current") == 0
	})
	if g.generation() != 2 || !g.Ready() || !strings.Contains(g.logged(), "no key") {
		t.Errorf("generation %d", g.generation())
	}
	g.stop()

	w.link.Cut()
	calls = nil
	g = w.start(t, soon, incomplete(2, &calls))
	eventually(t, "ready from the snapshot", g.Ready)
	if !slices.Equal(calls, []int64{1, 2}) || g.generation() != 2 || !g.has(credential(1)) {
		t.Errorf("configurations %v", calls)
	}
	w.link.Mend()
	secret.Data = w.configSecret(t, 3).Data
	w.update(t, secret)
	eventually(t, "generation 3", func() bool { return g.generation() == 3 && g.metric(t, "config_current") == 1 })
}

// A change of a Secret that the configuration may refer to is a change of the configuration.
func TestCredentialSecrets(t *testing.T) {
	w := newWorld(t)
	g := w.start(t)
	eventually(t, "ready", g.Ready)
	s := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.namespace, Name: "alice", Labels: map[string]string{v1alpha1.LabelPolicy: policy},
		},
		Data: map[string][]byte{"token": []byte("one")},
	}
	w.create(t, s)
	value := func() string {
		g.mu.Lock()
		defer g.mu.Unlock()
		if len(g.secrets) != 1 {
			return ""
		}
		return string(g.secrets[0].Data["token"])
	}
	eventually(t, "created", func() bool { return value() == "one" })
	s.Data["token"] = []byte("two")
	w.update(t, s)
	eventually(t, "changed", func() bool { return value() == "two" })
	s.Labels = nil // the label is the administrator's consent; without it the Secret is gone for us
	w.update(t, s)
	eventually(t, "withdrawn", func() bool { return value() == "" && len(g.secretNames()) == 0 })
}

// Who is in Jira's groups is the manager's affair: a gateway neither holds it nor writes it into its snapshot.
func TestDirectorySecretsStayWithTheManager(t *testing.T) {
	w := newWorld(t)
	g := w.start(t)
	eventually(t, "ready", g.Ready)
	for name, kind := range map[string]corev1.SecretType{
		"a-directory": v1alpha1.SecretTypeDirectory, "b-credential": corev1.SecretTypeOpaque,
	} {
		w.create(t, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: w.namespace, Name: name, Labels: map[string]string{v1alpha1.LabelPolicy: policy},
			},
			Type: kind, Data: map[string][]byte{"k": []byte("v")},
		})
	}
	eventually(t, "the credential is seen", func() bool { return slices.Contains(g.secretNames(), "b-credential") })
	if names := g.secretNames(); len(names) != 1 {
		t.Error(names)
	}
}

// A gateway without a configuration is not ready, whatever else it knows.
func TestNotReadyWithoutConfiguration(t *testing.T) {
	w := newWorld(t)
	w.remove(t, w.configSecret(t, 1))
	c := credential(1)
	w.create(t, w.hashSecret(t, c))
	g := w.start(t)
	eventually(t, "found", func() bool { return g.has(c) && g.metric(t, "config_errors_total") > 0 })
	if g.Ready() {
		t.Error("ready without a configuration")
	}
	w.create(t, w.configSecret(t, 1))
	eventually(t, "ready", g.Ready)
}
