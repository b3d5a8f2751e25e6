// SPDX-License-Identifier: Apache-2.0

package flux

import (
	"maps"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestApprovalsSurviveGit: Flux waits for the approval. Applying the manifest again leaves it as it is; a manifest that asks for
// more needs another one.
func TestApprovalsSurviveGit(t *testing.T) {
	const name = "approval"
	namespace(t, "approved", name)
	one := named(name, "one")
	k := newKustomization(t, name, map[string]string{"one.yaml": manifest(one, "read", "", "")}, plain)
	approve := func() {
		t.Helper()
		expect(t, one, v1alpha1.ReasonApprovalRequired)
		eventually(t, "Flux waits", func() bool {
			statusOf(t, k.object)
			healthy := condition(k.object, "Healthy")
			return healthy != nil && healthy.Status == metav1.ConditionUnknown
		})
		kubectl(t, "apitoken", "approve", "one", "-n", name, "--reason=LEG-42", "--yes")
		if ready := k.done(); ready.Status != metav1.ConditionTrue {
			t.Errorf("after the approval: %s: %s", ready.Reason, ready.Message)
		}
	}
	approve()
	issued := plaintext(t, one)
	expectAccepted(t, issued)

	before := withoutTokens(versions(t, name))
	for range 3 {
		k.expectReady()
	}
	expect(t, one, v1alpha1.ReasonIssued)
	if after := withoutTokens(versions(t, name)); !maps.Equal(before, after) {
		t.Errorf("before: %v\nafter:  %v", before, after)
	}

	k.commit(map[string]string{"one.yaml": manifest(one, "read, write", "", "")})
	approve()
	tok := expect(t, one, v1alpha1.ReasonIssued)
	if !slices.Contains(tok.Status.Grant.Scopes, v1alpha1.ScopeWrite) {
		t.Errorf("its scopes are %v", tok.Status.Grant.Scopes)
	}
	expectAccepted(t, plaintext(t, one))
}

// withoutTokens leaves out ApiTokens: that one was used is written into its status.
func withoutTokens(versions map[string]string) map[string]string {
	maps.DeleteFunc(versions, func(key, _ string) bool { return strings.HasPrefix(key, "ApiToken ") })
	return versions
}
