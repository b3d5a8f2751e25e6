// SPDX-License-Identifier: Apache-2.0

package tokenpolicy_test

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
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

func TestDeletionIsHeldWhileTokensReferToThePolicy(t *testing.T) {
	p := ready(t)
	workloads := plane.Namespace(t)
	var tokens []*v1alpha1.ApiToken
	for i := range 7 {
		tokens = append(tokens, create(t, newToken(workloads, fmt.Sprintf("t%d", i), p)))
	}
	expectTokens(t, p, 7)
	if err := k8s.Delete(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	c := expectCondition(t, p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInUse)
	for _, want := range []string{
		"(7: ", workloads + "/t0, ", workloads + "/t4, …)",
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
	for _, token := range tokens {
		if err := k8s.Delete(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	expectGone(t, p)
	expectNoGateway(t, p)
}

func TestDeletionWithTokensByAnnotation(t *testing.T) {
	p := ready(t)
	create(t, newToken(plane.Namespace(t), "t", p))
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
	create(t, newToken(plane.Namespace(t), "t", p))
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

// Somebody else's object of the same name, in the place of ours, outlives the policy.
func TestDeletionLeavesForeignObjects(t *testing.T) {
	p := ready(t)
	role := gatewayObjects(p)["Role"]
	update(t, role, func(o client.Object) {
		o.SetOwnerReferences([]metav1.OwnerReference{{
			APIVersion: "v1", Kind: "ConfigMap", Name: "x", UID: "1", Controller: new(true),
		}})
	})
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
