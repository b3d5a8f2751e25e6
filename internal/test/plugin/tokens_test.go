// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// newToken declares a token of the Jira user svc-zapier, who may read.
func newToken(t *testing.T, p *v1alpha1.TokenPolicy, namespace, name string, changes ...func(*v1alpha1.ApiToken)) *v1alpha1.ApiToken {
	t.Helper()
	object := &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "svc-zapier", Scopes: []v1alpha1.Scope{"read"},
			PolicyRef: v1alpha1.PolicyReference{Namespace: v1alpha1.NamespaceName(p.Namespace), Name: p.Name},
		},
	}
	for _, change := range changes {
		change(object)
	}
	must(t, plane.Client.Create(t.Context(), object))
	return object
}

// report writes the status that the operator would: the reason stands in Ready and Active.
func report(t *testing.T, object *v1alpha1.ApiToken, active, ready metav1.ConditionStatus, reason string, changes ...func(*v1alpha1.ApiTokenStatus)) {
	t.Helper()
	must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(object), object))
	condition := func(kind string, status metav1.ConditionStatus) metav1.Condition {
		return metav1.Condition{Type: kind, Status: status, Reason: reason, Message: "because", LastTransitionTime: metav1.Now()}
	}
	object.Status.ObservedGeneration = object.Generation
	object.Status.Conditions = []metav1.Condition{condition(v1alpha1.ConditionActive, active), condition(v1alpha1.ConditionReady, ready)}
	for _, change := range changes {
		change(&object.Status)
	}
	must(t, plane.Client.Status().Update(t.Context(), object))
}

func withCredential(id string) func(*v1alpha1.ApiTokenStatus) {
	return func(s *v1alpha1.ApiTokenStatus) {
		s.Credential = &v1alpha1.CredentialStatus{ID: id, IssuedAt: metav1.Now()}
	}
}

// onceThere does what the operator would, as soon as a token that the plugin is about to make or change is as expected.
func onceThere(t *testing.T, key client.ObjectKey, is func(*v1alpha1.ApiToken) bool, then func(*v1alpha1.ApiToken)) (wait func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for t.Context().Err() == nil {
			object := &v1alpha1.ApiToken{}
			if plane.Client.Get(t.Context(), key, object) == nil && is(object) {
				then(object)
				return
			}
			select {
			case <-t.Context().Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() { <-done }
}

func exists(*v1alpha1.ApiToken) bool { return true }

// store writes the hash Secret of a token, as the operator does.
func store(t *testing.T, object *v1alpha1.ApiToken, made token.Token) *corev1.Secret {
	t.Helper()
	encoded, err := grant.Encode(&grant.Credential{
		ID: made.ID(), Hash: made.Hash(), State: grant.Active, IssuedAt: time.Now(), DeclaredAt: time.Now(),
		Token: grant.TokenReference{Namespace: object.Namespace, Name: object.Name, UID: object.UID},
		Grant: grant.Grant{Owner: string(object.Spec.Owner), Scopes: []string{"read"}},
	})
	must(t, err)
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: string(object.Spec.PolicyRef.Namespace), Name: fmt.Sprintf("%s-0", object.UID),
			Labels: map[string]string{v1alpha1.LabelTokenUID: string(object.UID), v1alpha1.LabelPolicy: object.Spec.PolicyRef.Name},
		},
		Type: v1alpha1.SecretTypeTokenHash, Data: map[string][]byte{grant.DataKey: encoded},
	}
	must(t, plane.Client.Create(t.Context(), secret))
	return secret
}

func read(t *testing.T, object client.Object) error {
	t.Helper()
	return plane.Client.Get(t.Context(), client.ObjectKeyFromObject(object), object)
}

func equal(a, b any) bool { return apiequality.Semantic.DeepEqual(a, b) }
