// SPDX-License-Identifier: Apache-2.0

package stampkeys_test

import (
	"crypto/rand"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/stampkeys"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

var plane *controlplane.Plane

func TestMain(m *testing.M) {
	os.Exit(controlplane.Main(m, func(p *controlplane.Plane) { plane = p }, controlplane.WithoutCRDs))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type fixture struct {
	namespace  string
	clock      *clocktesting.FakeClock
	reconciler *stampkeys.Reconciler
	store      *stampkeys.Store
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{namespace: plane.Namespace(t), clock: clocktesting.NewFakeClock(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))}
	f.reconciler = &stampkeys.Reconciler{Client: plane.Client, Namespace: f.namespace, Clock: f.clock, Random: rand.Reader}
	f.store = stampkeys.NewStore(plane.Client, f.namespace)
	return f
}

func (f *fixture) reconcile(t *testing.T) {
	t.Helper()
	_, err := f.reconciler.Reconcile(t.Context(), ctrl.Request{})
	must(t, err)
}

func (f *fixture) secret(t *testing.T) *corev1.Secret {
	t.Helper()
	var secret corev1.Secret
	must(t, plane.Client.Get(t.Context(), types.NamespacedName{Namespace: f.namespace, Name: stampkeys.SecretName}, &secret))
	return &secret
}

func (f *fixture) expectKeys(t *testing.T, want ...string) {
	t.Helper()
	if have := slices.Sorted(maps.Keys(f.secret(t).Data)); !slices.Equal(have, want) {
		t.Errorf("want the keys %q, have %q", want, have)
	}
	ring, err := f.store.Ring(t.Context())
	if err != nil || ring.Len() != len(want) {
		t.Errorf("%d keys are read, %v", ring.Len(), err)
	}
}

func TestKeysAreMadeInTime(t *testing.T) {
	f := newFixture(t)
	if _, err := f.store.Ring(t.Context()); err == nil {
		t.Error("there is a ring without a Secret")
	}
	f.reconcile(t)
	f.reconcile(t)
	f.expectKeys(t, "20260501T120000Z")
	f.clock.Step(90*24*time.Hour - time.Second)
	f.reconcile(t)
	f.expectKeys(t, "20260501T120000Z")
	f.clock.Step(time.Second)
	f.reconcile(t)
	f.expectKeys(t, "20260501T120000Z", "20260730T120000Z")
	for range 100 {
		f.clock.Step(90 * 24 * time.Hour)
		f.reconcile(t)
	}
	if n := len(f.secret(t).Data); n != 60 {
		t.Errorf("there are %d keys", n)
	}
}

// An administrator removes keys; when none is left, there is another.
func TestRemovedKeys(t *testing.T) {
	f := newFixture(t)
	f.reconcile(t)
	f.clock.Step(time.Hour)
	secret := f.secret(t)
	secret.Data = nil
	must(t, plane.Client.Update(t.Context(), secret))
	if _, err := f.store.Ring(t.Context()); err == nil {
		t.Error("there is a ring without keys")
	}
	f.reconcile(t)
	f.expectKeys(t, "20260501T130000Z")
	must(t, plane.Client.Delete(t.Context(), secret))
	f.clock.Step(time.Hour)
	f.reconcile(t)
	f.expectKeys(t, "20260501T140000Z")
}

func TestSecretsThatCanNotBeUsed(t *testing.T) {
	for want, secret := range map[string]*corev1.Secret{
		"its type is Opaque, not jiratokens.io/stamp-keys: delete it": {Data: map[string][]byte{"20260501T120000Z": make([]byte, 32)}},
		`key "mine" has no time for its name`:                         {Type: v1alpha1.SecretTypeStampKeys, Data: map[string][]byte{"mine": make([]byte, 32)}},
	} {
		f := newFixture(t)
		secret.ObjectMeta = metav1.ObjectMeta{Namespace: f.namespace, Name: stampkeys.SecretName}
		must(t, plane.Client.Create(t.Context(), secret))
		if _, err := f.reconciler.Reconcile(t.Context(), ctrl.Request{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, have %v", want, err)
		}
		if _, err := f.store.Ring(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, have %v", want, err)
		}
	}
}

// Of replicas that add a key at once, one does.
func TestReplicas(t *testing.T) {
	f := newFixture(t)
	replicas := []*stampkeys.Reconciler{f.reconciler, {Client: plane.Client, Namespace: f.namespace, Clock: f.clock, Random: rand.Reader}}
	for range 2 {
		done := make(chan error)
		for _, r := range replicas {
			go func() { _, err := r.Reconcile(t.Context(), ctrl.Request{}); done <- err }()
		}
		for range replicas {
			must(t, <-done)
		}
		f.clock.Step(91 * 24 * time.Hour)
	}
	f.expectKeys(t, "20260501T120000Z", "20260731T120000Z")
}
