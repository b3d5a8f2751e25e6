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

// asTenant has a Kustomization stand in the tenant's namespace and apply as the tenant's account.
func asTenant(tenant string) func(*unstructured.Unstructured) {
	return func(u *unstructured.Unstructured) {
		u.SetNamespace(tenant)
		spec := u.Object["spec"].(map[string]any)
		spec["serviceAccountName"] = "flux"
	}
}

// giveTenant makes an account that may edit ApiTokens in tenant-a.
func giveTenant(t *testing.T, tenant string) {
	t.Helper()
	must(t, kube.Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: tenant, Name: "flux"}}))
	must(t, kube.Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: "tenant-a", Name: "flux-of-" + tenant},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "jira-token-operator-apitoken-editor"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: tenant, Name: "flux"}},
	}))
}

// TestTenantIsWhoAsked: with spec.serviceAccountName a rule can name the tenant's own account. Kubernetes lets another tenant's
// account, and Flux itself, declare tokens in the same namespace; the policy does not.
func TestTenantIsWhoAsked(t *testing.T) {
	namespace(t, "tenants", "tenant-a")
	namespace(t, "tenants", "tenant-b")
	giveTenant(t, "tenant-a")
	giveTenant(t, "tenant-b")

	own := named("tenant-a", "own")
	k := newKustomization(t, "tenant-a", map[string]string{"own.yaml": manifest(own, "read", "", "")}, plain, asTenant("tenant-a"))
	k.expectReady()
	tok := expect(t, own, v1alpha1.ReasonIssued)
	if want := "system:serviceaccount:tenant-a:flux"; tok.Status.RequestedBy != want {
		t.Errorf("requested by %q, want %q", tok.Status.RequestedBy, want)
	}
	expectAccepted(t, plaintext(t, own))

	for name, as := range map[string][]func(*unstructured.Unstructured){
		"tenant-b": {plain, asTenant("tenant-b")},
		"flux":     {plain},
	} {
		foreign := named("tenant-a", "by-"+name)
		k := newKustomization(t, name, map[string]string{"foreign.yaml": manifest(foreign, "read", "", "")}, as...)
		if ready := k.reconcile(); ready.Status != metav1.ConditionFalse || !strings.Contains(ready.Message, foreign.Name) {
			t.Errorf("%s: %s %s: %s", name, ready.Status, ready.Reason, ready.Message)
		}
		expect(t, foreign, v1alpha1.ReasonNotPermitted)
	}
}
