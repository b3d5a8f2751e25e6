// SPDX-License-Identifier: Apache-2.0

package tokenpolicy_test

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

func newToken(namespace, name string, p *v1alpha1.TokenPolicy) *v1alpha1.ApiToken {
	return &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "alice", Scopes: []v1alpha1.Scope{v1alpha1.ScopeRead},
			PolicyRef: v1alpha1.PolicyReference{Name: p.Name, Namespace: v1alpha1.NamespaceName(p.Namespace)},
		},
	}
}

// newCredential stands in for the ApiToken controller: it issues slot of the ApiToken marketing/t<n>.
func newCredential(t *testing.T, p *v1alpha1.TokenPolicy, n int, slot ...int) *corev1.Secret {
	t.Helper()
	uid := types.UID(fmt.Sprintf("00000000-0000-4000-8000-%012d", n))
	number := append(slot, 0)[0]
	data, err := grant.Encode(&grant.Credential{
		ID: "id", Hash: token.HashOf(fmt.Sprint(n, number)), State: grant.Active,
		Token: grant.TokenReference{Namespace: "marketing", Name: fmt.Sprint("t", n), UID: uid},
		Grant: grant.Grant{Owner: "alice", Scopes: []string{"read"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return create(t, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: p.Namespace, Name: fmt.Sprintf("%s-%d", uid, number),
			Labels: map[string]string{v1alpha1.LabelPolicy: p.Name, v1alpha1.LabelTokenUID: string(uid)},
		},
		Type: v1alpha1.SecretTypeTokenHash, Data: map[string][]byte{grant.DataKey: data},
	})
}

func expectTokens(t *testing.T, p *v1alpha1.TokenPolicy, want int32) {
	t.Helper()
	eventually(t, func() error {
		if err := get(t, p); err != nil {
			return err
		}
		if ptr.Deref(p.Status.Tokens, -1) != want {
			return fmt.Errorf("want %d tokens, have %d", want, ptr.Deref(p.Status.Tokens, -1))
		}
		return nil
	})
}

func expectNoGateway(t *testing.T, p *v1alpha1.TokenPolicy) {
	t.Helper()
	for _, object := range gatewayObjects(p) {
		expectGone(t, object)
	}
}

func TestDeletionIsHeldWhileTokensHaveCredentials(t *testing.T) {
	p := ready(t)
	var credentials []*corev1.Secret
	for i := range 7 {
		credentials = append(credentials, newCredential(t, p, i))
	}
	credentials = append(credentials, newCredential(t, p, 6, 1)) // the last one is being replaced
	expectTokens(t, p, 7)
	if err := k8s.Delete(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	c := expectCondition(t, p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInUse)
	for _, want := range []string{
		"(7: marketing/t0, ", ", marketing/t4, …)",
		"kubectl annotate tokenpolicy jira -n " + p.Namespace + " jiratokens.io/delete-with-tokens=true",
	} {
		if !strings.Contains(c.Message, want) {
			t.Errorf("the message lacks %q: %s", want, c.Message)
		}
	}
	if strings.Contains(c.Message, "/t5") {
		t.Errorf("five names are enough: %s", c.Message)
	}
	if err := k8s.Get(t.Context(), gatewayKey(p), &appsv1.Deployment{}); err != nil {
		t.Errorf("the gateway of a held policy must go on: %v", err)
	}
	for _, credential := range credentials {
		if err := k8s.Delete(t.Context(), credential); err != nil {
			t.Fatal(err)
		}
	}
	expectGone(t, p)
	expectNoGateway(t, p)
}

// Whoever may declare ApiTokens anywhere could hold any policy otherwise.
func TestTokenThatOnlyNamesThePolicyDoesNotHoldIt(t *testing.T) {
	p := ready(t)
	create(t, newToken(plane.Namespace(t), "t", p))
	other := newPolicy(p.Namespace, func(p *v1alpha1.TokenPolicy) { p.Name = "other" })
	newCredential(t, other, 0)
	notOne := newCredential(t, p, 1)
	update(t, notOne, func(s *corev1.Secret) { delete(s.Labels, v1alpha1.LabelTokenUID) })
	expectTokens(t, p, 0)
	if err := k8s.Delete(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	expectGone(t, p)
	expectNoGateway(t, p)
}

func TestDeletionWithTokensByAnnotation(t *testing.T) {
	p := ready(t)
	newCredential(t, p, 0)
	expectTokens(t, p, 1)
	if err := k8s.Delete(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	expectCondition(t, p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInUse)
	update(t, p, func(p *v1alpha1.TokenPolicy) {
		p.Annotations = map[string]string{v1alpha1.AnnotationDeleteWithTokens: "true"}
	})
	expectGone(t, p)
	expectNoGateway(t, p)
}

func TestTerminatingNamespaceIsNotHeld(t *testing.T) {
	p := ready(t)
	newCredential(t, p, 0)
	expectTokens(t, p, 1)
	// The namespace controller deletes what is in the namespace; here the test does.
	if err := k8s.Delete(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	expectCondition(t, p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInUse)
	if err := k8s.Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: p.Namespace}}); err != nil {
		t.Fatal(err)
	}
	expectGone(t, p)
	expectNoGateway(t, p)
}

// makeForeign gives an object to somebody else.
func makeForeign(o client.Object) {
	o.SetOwnerReferences([]metav1.OwnerReference{{
		APIVersion: "v1", Kind: "ConfigMap", Name: "x", UID: "1", Controller: new(true),
	}})
}

// Somebody else's object of the same name, in the place of ours, outlives the policy.
func TestDeletionLeavesForeignObjects(t *testing.T) {
	p := ready(t)
	role := gatewayObjects(p)["Role"]
	update(t, role, makeForeign)
	expectCondition(t, p, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonForeignObject)
	if err := k8s.Delete(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	expectGone(t, p)
	for kind, object := range gatewayObjects(p) {
		if kind != "Role" {
			expectGone(t, object)
		}
	}
	if err := get(t, role); err != nil {
		t.Errorf("the foreign Role was deleted: %v", err)
	}
}

func TestOnlyTheOldestPolicyCounts(t *testing.T) {
	first := ready(t)
	second := create(t, newPolicy(first.Namespace, func(p *v1alpha1.TokenPolicy) { p.Name = "second" }))
	c := expectCondition(t, second, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonAnotherPolicy)
	if !strings.Contains(c.Message, "TokenPolicy jira is older") {
		t.Errorf("the message does not name the other: %s", c.Message)
	}
	expectNoGateway(t, second)
	if err := k8s.Delete(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	expectGone(t, first)
	expectCondition(t, second, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonGatewayStarting)
}
