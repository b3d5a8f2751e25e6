// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

// Somebody keeps a stamp and uses it while the webhook is off, and the admission policy for stamps is gone as well. When it is on again, nobody believes it, and whoever edits
// the token does not make it believed.
func TestReplayWhileTheWebhookIsOff(t *testing.T) {
	namespace := plane.Namespace(t)
	m := start(t, options{})
	alice, eve := user(t, namespace, roleEditor, "alice"), user(t, namespace, roleEditor, "eve")
	created, changed := newToken(namespace, "created"), newToken(namespace, "changed")
	must(t, alice.Create(t.Context(), created))
	must(t, alice.Create(t.Context(), changed))
	must(t, alice.Patch(t.Context(), stored(t, changed), mergePatch(`{"spec":{"description":"x"}}`)))
	captured := map[string]string{}
	for _, token := range []*v1alpha1.ApiToken{created, changed} {
		m.expectRequester(t, token, alice)
		captured[token.Name] = stampOf(stored(t, token))
		must(t, alice.Delete(t.Context(), token))
		eventually(t, func() error { return gone(t, token) })
	}
	m.stop()
	removeWebhook(t)
	unbindStampPolicy(t)
	tokens := map[string]*v1alpha1.ApiToken{
		"created": newToken(namespace, "created", annotated(agedStamp(t, created))),
		"changed": newToken(namespace, "changed", annotated(captured["changed"]), func(a *v1alpha1.ApiToken) { a.Spec.Description = "x" }),
		"other":   newToken(namespace, "other", annotated(captured["created"])),
		"admin": newToken(namespace, "admin", annotated(captured["created"]), func(a *v1alpha1.ApiToken) {
			a.Spec.Scopes = []v1alpha1.Scope{v1alpha1.ScopeAdmin}
		}),
	}
	for _, token := range tokens {
		must(t, eve.Create(t.Context(), token))
	}
	m = start(t, options{})
	for name, want := range map[string]error{
		"created": stamp.ErrTime, "changed": stamp.ErrOtherObject, "other": stamp.ErrOtherObject, "admin": stamp.ErrOtherObject,
	} {
		token := tokens[name]
		must(t, alice.Patch(t.Context(), stored(t, token), mergePatch(`{"metadata":{"labels":{"a":"b"}}}`)))
		if r, err := m.requester(t, token); !errors.Is(err, want) {
			t.Errorf("%s: want %v, have %v: %+v", name, want, err, r)
		}
		if _, err := kubectl(t, alice.config, "annotate", "apitoken", name, "-n", namespace, "jiratokens.io/request=mine"); err != nil {
			t.Fatal(err)
		}
		m.expectRequester(t, token, alice)
	}
}

// unbindStampPolicy has the API server look at no stamp until start installs everything again.
func unbindStampPolicy(t *testing.T) {
	t.Helper()
	binding := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: "jira-token-operator-stamps"}}
	must(t, plane.Client.Delete(t.Context(), binding))
	namespace := plane.Namespace(t)
	eventually(t, func() error {
		return plane.Client.Create(t.Context(), newToken(namespace, "trial", annotated("x")), client.DryRunAll)
	})
}

// agedStamp is what the operator would have written for the token five minutes ago: a test can't wait so long.
func agedStamp(t *testing.T, token *v1alpha1.ApiToken) string {
	t.Helper()
	var secret corev1.Secret
	must(t, plane.Client.Get(t.Context(), types.NamespacedName{Namespace: systemNamespace, Name: "jira-token-operator-stamp-keys"}, &secret))
	ring, err := stamp.ParseRing(secret.Data)
	must(t, err)
	object := stamp.OfToken(newToken(token.Namespace, token.Name))
	annotation, err := ring.Sign(&stamp.Stamp{Requester: requesterNamed("alice"), At: time.Now().Add(-5 * time.Minute), Object: object})
	must(t, err)
	return annotation
}

// An administrator removes a key that may be known to others: its stamps end, and there is a new one at once.
func TestKeysAreReplaced(t *testing.T) {
	m := start(t, options{})
	namespace := plane.Namespace(t)
	alice := user(t, namespace, roleEditor, "alice")
	token := newToken(namespace, "t")
	must(t, alice.Create(t.Context(), token))
	keys := types.NamespacedName{Namespace: systemNamespace, Name: "jira-token-operator-stamp-keys"}
	for what, remove := range map[string]func(*corev1.Secret) error{
		"the key": func(s *corev1.Secret) error {
			s.Data = nil
			return plane.Client.Update(t.Context(), s)
		},
		"the Secret": func(s *corev1.Secret) error { return plane.Client.Delete(t.Context(), s) },
	} {
		must(t, alice.Patch(t.Context(), stored(t, token), mergePatch(`{"metadata":{"annotations":{"jiratokens.io/request":"`+rand.Text()+`"}}}`)))
		m.expectRequester(t, token, alice)
		var secret corev1.Secret
		must(t, plane.Client.Get(t.Context(), keys, &secret))
		eventually(t, func() error { return remove(&secret) })
		eventually(t, func() error {
			_, err := m.admission.Keys().Ring(t.Context())
			if err != nil {
				return err
			}
			if _, err := m.requester(t, token); !errors.Is(err, stamp.ErrForged) {
				return errNotYet
			}
			return nil
		})
		t.Log("removed", what)
	}
}
