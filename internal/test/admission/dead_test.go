// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// While nobody answers for the webhook, the manager's work and everything but asking for tokens goes on.
func TestDeadWebhook(t *testing.T) {
	namespace := plane.Namespace(t)
	m := start(t, options{})
	alice := user(t, namespace, roleEditor, "alice")
	token, going := newToken(namespace, "t"), newToken(namespace, "going")
	must(t, alice.Create(t.Context(), token))
	must(t, alice.Create(t.Context(), going))
	m.stop()
	expectUnreachable(t, alice.Create(t.Context(), newToken(namespace, "new")))
	expectUnreachable(t, alice.Patch(t.Context(), stored(t, token), mergePatch(`{"spec":{"scopes":["admin"]}}`)))
	expectUnreachable(t, alice.Patch(t.Context(), stored(t, token), mergePatch(`{"metadata":{"annotations":{"jiratokens.io/requested-by":"x"}}}`)))
	expectUnreachable(t, alice.Patch(t.Context(), stored(t, token), mergePatch(`{"metadata":{"annotations":{"jiratokens.io/request":"x"}}}`)))

	before := stampOf(stored(t, token))
	for what, patch := range map[string]string{
		"labels":      `{"metadata":{"labels":{"a":"b"}}}`,
		"annotations": `{"metadata":{"annotations":{"a":"b"}}}`,
		"rotation":    `{"metadata":{"annotations":{"jiratokens.io/rotate-requested-at":"2026-01-01T00:00:00Z"}}}`,
		"finalizers":  `{"metadata":{"finalizers":["example.com/x"]}}`,
		"suspend":     `{"spec":{"suspend":true}}`,
		"no suspend":  `{"spec":{"suspend":null}}`,
	} {
		if err := alice.Patch(t.Context(), stored(t, token), mergePatch(patch)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if after := stampOf(stored(t, token)); after != before {
		t.Errorf("the stamp is %s", after)
	}
	status := stored(t, token)
	status.Status.Rule = "r"
	// As the manager, whom alone the admission policy lets write status.
	managerClient := newPerson(t, "manager", plane.ServiceAccount(t, systemNamespace, managerAccount))
	must(t, managerClient.Status().Patch(t.Context(), status, client.MergeFrom(stored(t, token))))

	// A manager without webhook finishes deletions: it takes its finalizers off.
	without := start(t, options{withoutWebhook: true, keepConfiguration: true})
	must(t, alice.Patch(t.Context(), going, mergePatch(`{"metadata":{"finalizers":["example.com/x","jiratokens.io/revoke"]}}`)))
	must(t, alice.Delete(t.Context(), going))
	must(t, alice.Patch(t.Context(), going, mergePatch(`{"metadata":{"finalizers":["jiratokens.io/revoke"],"annotations":null}}`)))
	eventually(t, func() error { return gone(t, going) })
	without.stop()
	otherKindsGoOn(t, namespace)
	deleteNamespace(t, namespace, token)
}

func expectUnreachable(t *testing.T, err error) {
	t.Helper()
	const want = `failed calling webhook "apitokens.webhook.jiratokens.io"`
	if !apierrors.IsInternalError(err) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("have %v", err)
	}
}

func otherKindsGoOn(t *testing.T, namespace string) {
	t.Helper()
	must(t, plane.Client.Create(t.Context(), newPolicy(namespace, v1alpha1.AdmissionWarn)))
	must(t, plane.Client.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x", Namespace: namespace}}))
}

// deleteNamespace does what the namespace controller would, with its rights.
func deleteNamespace(t *testing.T, namespace string, token *v1alpha1.ApiToken) {
	t.Helper()
	must(t, plane.Client.Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}))
	must(t, plane.Client.DeleteAllOf(t.Context(), &v1alpha1.ApiToken{}, client.InNamespace(namespace)))
	finalized := stored(t, token)
	must(t, plane.Client.Patch(t.Context(), finalized, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))))
	eventually(t, func() error { return gone(t, token) })
}
