// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

// world is one policy with its namespaces, and a manager that runs only when a test asks.
type world struct {
	*testing.T
	clock     *clocktesting.FakePassiveClock
	policy    *v1alpha1.TokenPolicy
	namespace string // of the tokens
	manager   *manager
	managers  int // that were started
	stamps    *stamp.Ring
	directory testDirectory
}

// testKeys are what stamps are verified with.
type testKeys struct{ ring *stamp.Ring }

func (k testKeys) Ring(context.Context) (*stamp.Ring, error) { return k.ring, nil }

// testDirectory is what was read of Jira, as a test says.
type testDirectory struct{ snapshot *directory.Snapshot }

func (d *testDirectory) Of(context.Context, *v1alpha1.TokenPolicy) (*directory.Snapshot, error) {
	return d.snapshot, nil
}

func newWorld(t *testing.T, change ...func(*v1alpha1.TokenPolicy)) *world {
	t.Helper()
	w := &world{T: t, clock: clocktesting.NewFakePassiveClock(time.Now()), stamps: newRing(t)}
	w.namespace = plane.Namespace(t, map[string]string{"allowed": "true"})
	w.policy = testPolicy(plane.Namespace(t), w.namespace)
	for _, f := range change {
		f(w.policy)
	}
	w.create(w.policy)
	for _, owner := range []string{"svc-ci", "alice"} {
		w.create(ownerCredential(w.policy.Namespace, owner))
	}
	w.manager = w.startManager(nil)
	return w
}

func ownerCredential(namespace, owner string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "owner-" + owner, Labels: map[string]string{
			v1alpha1.LabelPolicy: "jira", v1alpha1.LabelCredential: v1alpha1.CredentialOwnerToken,
		}},
		StringData: map[string]string{"owner": owner, "token": "of Jira"},
	}
}

func testPolicy(namespace, tokens string) *v1alpha1.TokenPolicy {
	return &v1alpha1.TokenPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "jira"},
		Spec: v1alpha1.TokenPolicySpec{
			Jira:          v1alpha1.JiraEndpoint{URL: "https://jira.internal:8443/jira", PublicURL: "https://jira-api.example/jira"},
			Impersonation: v1alpha1.Impersonation{OwnerTokens: &v1alpha1.OwnerTokens{}},
			AllowedNamespaces: v1alpha1.NamespaceSet{
				Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"allowed": "true"}},
			},
			Rules: []v1alpha1.Rule{{
				Name:       "bots",
				Namespaces: v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{v1alpha1.NamespaceName(tokens)}},
				Owners:     v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"svc-ci", "alice"}},
				Limits:     v1alpha1.Limits{Scopes: []v1alpha1.Scope{"read", "write"}, MaxLifetime: "720h"},
			}},
		},
	}
}

func (w *world) token(name string, change ...func(*v1alpha1.ApiToken)) *v1alpha1.ApiToken {
	w.Helper()
	t := &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "svc-ci", Scopes: []v1alpha1.Scope{"read"}, Lifetime: "24h",
			PolicyRef: v1alpha1.PolicyReference{Name: w.policy.Name, Namespace: v1alpha1.NamespaceName(w.policy.Namespace)},
		},
	}
	for _, f := range change {
		f(t)
	}
	w.create(t)
	return t
}

func newRing(t *testing.T) *stamp.Ring {
	t.Helper()
	id, key, err := stamp.NewKey(rand.Reader, time.Now().Add(-time.Hour))
	must(t, err)
	ring, err := stamp.ParseRing(map[string][]byte{id: key})
	must(t, err)
	return ring
}

// by stamps an object as the webhook would for a user.
func (w *world) by(user string, groups ...string) func(*v1alpha1.ApiToken) {
	return func(t *v1alpha1.ApiToken) { w.stamp(t, stamp.OfToken(t), user, groups...) }
}

func (w *world) stamp(o client.Object, as stamp.Object, user string, groups ...string) {
	w.Helper()
	annotation, err := w.stamps.Sign(&stamp.Stamp{
		Requester: grant.Requester{User: user, Groups: groups}, At: time.Now(), Object: as,
	})
	must(w, err)
	annotations := o.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[v1alpha1.AnnotationRequestedBy] = annotation
	o.SetAnnotations(annotations)
}

func (w *world) create(o client.Object) {
	w.Helper()
	must(w, plane.Client.Create(w.Context(), o))
}

// edit changes a live object.
func edit[T client.Object](w *world, o T, change func(T)) {
	w.Helper()
	w.eventually("edit", func() bool {
		must(w, plane.Client.Get(w.Context(), client.ObjectKeyFromObject(o), o))
		change(o)
		return plane.Client.Update(w.Context(), o) == nil
	})
}

// reconcileUntil runs the manager on a token until what is asked for is so, as its queue would.
func (w *world) reconcileUntil(t *v1alpha1.ApiToken, what string, done func() bool) {
	w.Helper()
	w.eventually(what, func() bool {
		w.manager.run(w, t)
		return done()
	})
}

func (w *world) eventually(what string, done func() bool) {
	w.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("timed out waiting until %s", what)
		}
	}
}

// issued reconciles until the token is live, and returns its plaintext.
func (w *world) issued(t *v1alpha1.ApiToken) string {
	w.Helper()
	w.reconcileUntil(t, "the token is issued", func() bool { return w.reason(t) == v1alpha1.ReasonIssued })
	return w.plaintext(t)
}

func (w *world) plaintext(t *v1alpha1.ApiToken) string {
	w.Helper()
	var secret corev1.Secret
	must(w, plane.Client.Get(w.Context(), client.ObjectKey{Namespace: t.Namespace, Name: t.SecretName()}, &secret))
	return string(secret.Data[keyToken])
}

// reason reads the token and returns the reason of its condition Active, if the status is of its generation.
func (w *world) reason(t *v1alpha1.ApiToken) string {
	w.Helper()
	must(w, plane.Client.Get(w.Context(), client.ObjectKeyFromObject(t), t))
	for _, c := range t.Status.Conditions {
		if c.Type == v1alpha1.ConditionActive && c.ObservedGeneration == t.Generation {
			return c.Reason
		}
	}
	return ""
}

func (w *world) condition(t *v1alpha1.ApiToken, kind string) metav1.ConditionStatus {
	for _, c := range t.Status.Conditions {
		if c.Type == kind {
			return c.Status
		}
	}
	return ""
}

// slots reads the hash Secrets of a token.
func (w *world) slots(t *v1alpha1.ApiToken) []slot {
	w.Helper()
	var list corev1.SecretList
	must(w, plane.Client.List(w.Context(), &list, client.InNamespace(w.policy.Namespace)))
	var slots []slot
	for i := range list.Items {
		if s, ok := parseSlot(&list.Items[i], t.UID); ok {
			slots = append(slots, s)
		}
	}
	slices.SortFunc(slots, func(a, b slot) int { return a.number - b.number })
	return slots
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
