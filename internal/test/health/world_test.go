// SPDX-License-Identifier: Apache-2.0

package health_test

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/apitoken"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

const user = "oidc:alice"

// world is one policy, the namespace of its tokens and a controller of tokens, with a clock that a test turns.
type world struct {
	*testing.T

	policy    *v1alpha1.TokenPolicy
	namespace string
	clock     *clocktesting.FakePassiveClock
	tokens    *apitoken.Reconciler
	stamps    *stamp.Ring
	jira      *directory.Snapshot // what was read of it
}

// Ring is what stamps are verified with.
func (w *world) Ring(context.Context) (*stamp.Ring, error) { return w.stamps, nil }

// Of is what was read of Jira.
func (w *world) Of(context.Context, *v1alpha1.TokenPolicy) (*directory.Snapshot, error) {
	return w.jira, nil
}

func newWorld(t *testing.T, mgr manager.Manager, edits ...func(*v1alpha1.TokenPolicy)) *world {
	t.Helper()
	w := &world{T: t, clock: clocktesting.NewFakePassiveClock(time.Now()), namespace: plane.Namespace(t)}
	id, key, err := stamp.NewKey(rand.Reader, time.Now().Add(-time.Hour))
	must(t, err)
	w.stamps, err = stamp.ParseRing(map[string][]byte{id: key})
	must(t, err)
	w.policy = newPolicy(plane.Namespace(t), w.namespace)
	for _, edit := range edits {
		edit(w.policy)
	}
	w.tokens = &apitoken.Reconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Clock: w.clock, Random: rand.Reader,
		Recorder: events.NewFakeRecorder(1000), Keys: w, Directories: w,
	}
	w.create(w.policy)
	return w
}

func newPolicy(namespace, tokens string) *v1alpha1.TokenPolicy {
	names := v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{v1alpha1.NamespaceName(tokens)}}
	return &v1alpha1.TokenPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "jira"},
		Spec: v1alpha1.TokenPolicySpec{
			Jira:              v1alpha1.JiraEndpoint{URL: "https://jira.internal.example/jira", PublicURL: "https://jira.example/jira"},
			Impersonation:     v1alpha1.Impersonation{Header: &v1alpha1.HeaderImpersonation{Name: "X-Forwarded-User"}},
			AllowedNamespaces: names,
			Rules: []v1alpha1.Rule{{
				Name: "bots", Namespaces: names, Owners: v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"alice", "bob"}},
				Limits: v1alpha1.Limits{Scopes: []v1alpha1.Scope{"read"}, MaxLifetime: "720h", TokenHash: true},
			}},
		},
	}
}

func (w *world) create(o client.Object) {
	w.Helper()
	must(w, plane.Client.Create(w.Context(), o))
}

// token declares a token of alice's, as alice.
func (w *world) token(name string, edits ...func(*v1alpha1.ApiToken)) *v1alpha1.ApiToken {
	w.Helper()
	t := &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "alice", Scopes: []v1alpha1.Scope{"read"}, Lifetime: "720h",
			PolicyRef: v1alpha1.PolicyReference{Name: w.policy.Name, Namespace: v1alpha1.NamespaceName(w.policy.Namespace)},
		},
	}
	for _, edit := range edits {
		edit(t)
	}
	if t.Annotations[v1alpha1.AnnotationRequestedBy] == "" {
		w.stamp(t, stamp.OfToken(t), user)
	}
	w.create(t)
	return t
}

// tokenAfter declares a younger one: the API server tells ages by the second.
func (w *world) tokenAfter(older *v1alpha1.ApiToken, name string, edits ...func(*v1alpha1.ApiToken)) (young *v1alpha1.ApiToken) {
	w.Helper()
	eventually(w, "a second has passed", func() bool {
		if young = w.token(name, edits...); policy.ByAge(older, young) < 0 {
			return true
		}
		must(w, plane.Client.Delete(w.Context(), young))
		return false
	})
	return young
}

// stamp signs as the webhook does.
func (w *world) stamp(o client.Object, as stamp.Object, by string) {
	w.Helper()
	annotation, err := w.stamps.Sign(&stamp.Stamp{Requester: grant.Requester{User: by}, At: time.Now(), Object: as})
	must(w, err)
	o.SetAnnotations(map[string]string{v1alpha1.AnnotationRequestedBy: annotation})
}

// decide makes a TokenApproval of what a token may do.
func (w *world) decide(t *v1alpha1.ApiToken, decision v1alpha1.ApprovalDecision) *v1alpha1.TokenApproval {
	w.Helper()
	a := &v1alpha1.TokenApproval{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.policy.Namespace, Name: t.Name + "-" + strings.ToLower(string(decision))},
		Spec: v1alpha1.TokenApprovalSpec{
			APIToken:    v1alpha1.ApprovedToken{Namespace: v1alpha1.NamespaceName(t.Namespace), Name: t.Name, UID: string(t.UID)},
			GrantDigest: t.Status.Grant.Digest, Decision: decision, Reason: "not without a review",
		},
	}
	w.stamp(a, stamp.OfApproval(a), "oidc:anna")
	w.create(a)
	return a
}

func edit[T client.Object](w *world, o T, change func(T)) {
	w.Helper()
	eventually(w, "it is changed", func() bool {
		must(w, plane.Client.Get(w.Context(), client.ObjectKeyFromObject(o), o))
		change(o)
		return plane.Client.Update(w.Context(), o) == nil
	})
}

// is reconciles a token until it has the reason.
func (w *world) is(t *v1alpha1.ApiToken, reason string) *v1alpha1.ApiToken {
	w.Helper()
	last := ""
	defer func() {
		if w.Failed() {
			w.Logf("%s is %s, not %s", t.Name, last, reason)
		}
	}()
	eventually(w, t.Name+" is "+reason, func() bool {
		_, err := w.tokens.Reconcile(w.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(t)})
		must(w, err)
		must(w, plane.Client.Get(w.Context(), client.ObjectKeyFromObject(t), t))
		c := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionActive)
		if c != nil {
			last = c.Reason + ": " + c.Message
		}
		return c != nil && c.Reason == reason && t.Status.ObservedGeneration == t.Generation
	})
	return t
}

// issued makes a live token.
func (w *world) issued(name string, edits ...func(*v1alpha1.ApiToken)) *v1alpha1.ApiToken {
	w.Helper()
	return w.is(w.token(name, edits...), v1alpha1.ReasonIssued)
}

// hashSecret is the one of a live token.
func (w *world) hashSecret(t *v1alpha1.ApiToken) *corev1.Secret {
	w.Helper()
	var list corev1.SecretList
	must(w, plane.Client.List(w.Context(), &list, client.InNamespace(w.policy.Namespace),
		client.MatchingLabels{v1alpha1.LabelTokenUID: string(t.UID)}))
	if len(list.Items) != 1 {
		w.Fatalf("%d hash Secrets", len(list.Items))
	}
	return &list.Items[0]
}
