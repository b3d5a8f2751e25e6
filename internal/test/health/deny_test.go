// SPDX-License-Identifier: Apache-2.0

package health_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestDenyOutlivesGit does what docs/gitops.md says, with the very patch: the denial stays when Git's policy without one is
// applied again, and goes when Git has one of its own.
func TestDenyOutlivesGit(t *testing.T) {
	page, err := os.ReadFile(gitOpsPage)
	must(t, err)
	patch := regexp.MustCompile(`--type=merge \\\n +-p '(\{.*\})'`).FindSubmatch(page)
	if patch == nil {
		t.Fatalf("%s has no patch", gitOpsPage)
	}
	inGit := newPolicy(plane.Namespace(t), plane.Namespace(t))
	asFlux := func() {
		t.Helper()
		u := object(t, inGit)
		delete(u.Object, "status")
		unstructured.RemoveNestedField(u.Object, "metadata", "creationTimestamp")
		must(t, plane.Client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(u),
			client.FieldOwner("kustomize-controller"), client.ForceOwnership))
	}
	denied := func() []v1alpha1.DeniedToken {
		t.Helper()
		var p v1alpha1.TokenPolicy
		must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(inGit), &p))
		if p.Spec.Deny == nil {
			return nil
		}
		return p.Spec.Deny.Tokens
	}
	asFlux()
	must(t, plane.Client.Patch(t.Context(), newPolicy(inGit.Namespace, ""), client.RawPatch(types.MergePatchType, patch[1]),
		client.FieldOwner("incident")))
	asFlux()
	if have := denied(); !slices.Equal(have, []v1alpha1.DeniedToken{"marketing/intake"}) {
		t.Errorf("after Git was applied again: %v", have)
	}
	inGit.Spec.Deny = &v1alpha1.Deny{Tokens: []v1alpha1.DeniedToken{"sales/report"}}
	asFlux()
	if have := denied(); !slices.Equal(have, []v1alpha1.DeniedToken{"sales/report"}) {
		t.Errorf("after Git denied another: %v", have)
	}
}
