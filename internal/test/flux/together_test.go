// SPDX-License-Identifier: Apache-2.0

package flux

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// anotherPolicy has no gateway that runs, which credentials don't wait for.
const anotherPolicy = `apiVersion: jiratokens.io/v1alpha1
kind: TokenPolicy
metadata: {namespace: together-policy, name: another}
spec:
  jira: {url: https://jira.internal.example/jira, publicURL: https://jira.example/jira}
  impersonation: {header: {name: X-Forwarded-User}}
  allowedNamespaces: {names: [together]}
  rules:
  - {name: all, namespaces: {names: [together]}, owners: {users: [alice]}, limits: {scopes: [read]}}
`

// withoutWaiting has Flux apply and look at no health.
func withoutWaiting(u *unstructured.Unstructured) {
	plain(u)
	unstructured.RemoveNestedField(u.Object, "spec", "wait")
}

// TestPolicyGoesFromGit: alone, it is held as long as a token has a credential from it. Once the tokens are gone too, they are
// revoked, and it goes.
func TestPolicyGoesFromGit(t *testing.T) {
	namespace(t, "", "together")
	namespace(t, "", "together-policy")
	one := named("together", "one")
	k := newKustomization(t, "together", map[string]string{
		"policy.yaml": anotherPolicy,
		"stays.yaml":  "{apiVersion: v1, kind: ConfigMap, metadata: {namespace: together, name: stays}}", // a folder can't be empty
		"one.yaml": strings.Replace(manifest(one, "read", "", ""), "{namespace: jira-gateway, name: jira}",
			"{namespace: together-policy, name: another}", 1),
	}, withoutWaiting)
	k.expectReady()
	tok := expect(t, one, v1alpha1.ReasonIssued)
	if len(secretsOf(t, tok)) != 2 {
		t.Fatal("there is no hash Secret, or more than one")
	}

	k.apply(map[string]string{"policy.yaml": ""})
	var p v1alpha1.TokenPolicy
	eventually(t, "the policy is held", func() bool {
		must(t, kube.Get(t.Context(), named("together-policy", "another"), &p))
		ready := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
		return !p.DeletionTimestamp.IsZero() && ready != nil && ready.Reason == v1alpha1.ReasonInUse
	})
	expect(t, one, v1alpha1.ReasonIssued)

	k.apply(map[string]string{"one.yaml": ""})
	for _, object := range []client.Object{tok, &p} {
		eventually(t, object.GetName()+" is gone", func() bool {
			return apierrors.IsNotFound(kube.Get(t.Context(), client.ObjectKeyFromObject(object), object))
		})
	}
	var hashes corev1.SecretList
	must(t, kube.List(t.Context(), &hashes, client.InNamespace("together-policy"), client.HasLabels{v1alpha1.LabelTokenUID}))
	if len(hashes.Items) > 0 {
		t.Errorf("credentials are left: %d", len(hashes.Items))
	}
}
