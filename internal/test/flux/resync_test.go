// SPDX-License-Identifier: Apache-2.0

package flux

import (
	"maps"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestReconcilingWritesNothing: Flux applies the policy and the tokens again and again, and neither it nor the operator writes to
// one of them, to a token's Secret, or to a credential.
func TestReconcilingWritesNothing(t *testing.T) {
	const name = "resync"
	namespace(t, "free", name)
	one, two, last := named(name, "one"), named(name, "two"), named(name, "last")
	k := newKustomization(t, name, map[string]string{
		"one.yaml": manifest(one, "read", "", ""),
		"two.yaml": manifest(two, "read, write", "annotations: {jiratokens.io/rotate-requested-at: today}",
			"rotation: {every: 12h}, secret: {name: mine, labels: {app: two}}"),
	}, plain)
	k.expectReady()
	policyAndTokens := documentedKustomization(t)
	policyAndTokens.expectReady()
	expectNoToolsLabels(t, one)
	expectNoToolsLabels(t, two)

	before := versions(t, name)
	for range 5 {
		k.expectReady()
		policyAndTokens.expectReady()
	}
	expectSame(t, before, versions(t, name))
	// When the manager has issued what was declared last, it has seen all before. The policy's status counts that one too.
	_, err := local.KubectlWith(t.Context(), strings.NewReader(manifest(last, "read", "", "")), "apply", "-f", "-")
	must(t, err)
	must(t, kube.Delete(t.Context(), expect(t, last, v1alpha1.ReasonIssued)))
	eventually(t, "the last one is gone", func() bool { return len(versions(t, name)) <= len(before) })
	expectSame(t, withoutPolicy(before), withoutPolicy(versions(t, name)))
	if len(before) < 7 {
		t.Errorf("looked at no more than %v", before)
	}
}

func expectSame(t *testing.T, before, after map[string]string) {
	t.Helper()
	if !maps.Equal(before, after) {
		t.Errorf("before: %v\nafter:  %v", before, after)
	}
}

func withoutPolicy(versions map[string]string) map[string]string {
	versions = maps.Clone(versions)
	maps.DeleteFunc(versions, func(key, _ string) bool { return strings.HasPrefix(key, "TokenPolicy ") })
	return versions
}

// expectNoToolsLabels: what Flux knows its objects by does not reach the Secrets, which it would prune.
func expectNoToolsLabels(t *testing.T, name types.NamespacedName) {
	t.Helper()
	tok := expect(t, name, v1alpha1.ReasonIssued)
	const owner = "kustomize.toolkit.fluxcd.io/"
	if tok.Labels[owner+"name"] == "" {
		t.Errorf("%s has only the labels %v", name, tok.Labels)
	}
	for _, secret := range secretsOf(t, tok) {
		for label := range secret.Labels {
			if strings.HasPrefix(label, owner) {
				t.Errorf("Secret %s/%s has the label %s", secret.Namespace, secret.Name, label)
			}
		}
	}
}
