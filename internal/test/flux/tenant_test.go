// SPDX-License-Identifier: Apache-2.0

package flux

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// anotherTenant is an account that Kubernetes lets edit the ApiTokens of tenant-a.
func anotherTenant(t *testing.T, tenant string) {
	t.Helper()
	namespace(t, "tenants", tenant)
	must(t, kube.Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: tenant, Name: "flux"}}))
	must(t, kube.Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: "tenant-a", Name: "flux-of-" + tenant},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "jira-token-operator-apitoken-editor"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: tenant, Name: "flux"}},
	}))
}

// as has a Kustomization stand in a tenant's namespace and apply as the tenant's account.
func as(t *testing.T, tenant string) func(*unstructured.Unstructured) {
	t.Helper()
	return func(u *unstructured.Unstructured) {
		u.SetNamespace(tenant)
		must(t, unstructured.SetNestedField(u.Object, "flux", "spec", "serviceAccountName"))
	}
}

// TestTenantIsWhoAsked: docs/flux/tenant.yaml is applied as the account that the policy's rule names. Kubernetes lets another
// tenant's account, and Flux itself, declare tokens in the same namespace; the policy does not.
func TestTenantIsWhoAsked(t *testing.T) {
	namespace(t, "tenants", "tenant-a")
	k := &kustomization{
		T: t, object: &unstructured.Unstructured{}, source: gitRepository("tenant-a", "tenant-a"), folder: "jira-tokens-of-tenant-a",
	}
	k.object.SetGroupVersionKind(documentedKustomization(t).object.GroupVersionKind())
	k.object.SetNamespace("tenant-a")
	k.object.SetName("jira-tokens")
	own := named("tenant-a", "own")
	must(t, kube.Create(t.Context(), k.source))
	k.commit(map[string]string{"own.yaml": manifest(own, "read", "", "")})
	kubectl(t, "apply", "-f", tenantManifest)
	k.expectReady()
	tok := expect(t, own, v1alpha1.ReasonIssued)
	if want := "system:serviceaccount:tenant-a:flux"; tok.Status.RequestedBy != want {
		t.Errorf("requested by %q, want %q", tok.Status.RequestedBy, want)
	}
	expectAccepted(t, plaintext(t, own))

	anotherTenant(t, "tenant-b")
	for name, change := range map[string][]func(*unstructured.Unstructured){
		"tenant-b":    {plain, as(t, "tenant-b")},
		"flux-itself": {plain},
	} {
		foreign := named("tenant-a", "by-"+name)
		k := newKustomization(t, name, map[string]string{"foreign.yaml": manifest(foreign, "read", "", "")}, change...)
		if ready := k.reconcile(); ready.Status != metav1.ConditionFalse || !strings.Contains(ready.Message, foreign.Name) {
			t.Errorf("%s: %s %s: %s", name, ready.Status, ready.Reason, ready.Message)
		}
		expect(t, foreign, v1alpha1.ReasonNotPermitted)
	}
}
