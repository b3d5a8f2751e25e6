// SPDX-License-Identifier: Apache-2.0

package flux

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestDriftOfATokenIsUndone: who widens by hand what Git declares has it for one interval at most, and the credential stays.
func TestDriftOfATokenIsUndone(t *testing.T) {
	const name = "drift"
	namespace(t, "free", name)
	one := named(name, "one")
	k := newKustomization(t, name, map[string]string{"one.yaml": manifest(one, "read", "", "")}, plain)
	k.expectReady()
	secret := plaintext(t, one)

	kubectl(t, "patch", "apitoken", "one", "-n", name, "--type=merge", `-p={"spec":{"scopes":["read","write"],"description":"mine now"}}`)
	if scopes := expect(t, one, v1alpha1.ReasonIssued).Status.Grant.Scopes; len(scopes) != 2 {
		t.Fatalf("the edit came to nothing: %v", scopes)
	}
	k.expectReady()
	tok := expect(t, one, v1alpha1.ReasonIssued)
	if !slices.Equal(tok.Status.Grant.Scopes, []v1alpha1.Scope{"read"}) || tok.Spec.Description != "" {
		t.Errorf("after Git was applied again: scopes %v, description %q", tok.Status.Grant.Scopes, tok.Spec.Description)
	}
	if plaintext(t, one) != secret {
		t.Error("the credential was replaced")
	}
	expectAccepted(t, secret)
}

// TestDriftOfASecretIsUndone by the operator, without Flux: a changed address comes back, and a token that is not the one that
// was issued is replaced by a new one, as nobody knows who has had the Secret in hands.
func TestDriftOfASecretIsUndone(t *testing.T) {
	const name = "drift-secret"
	namespace(t, "free", name)
	one := named(name, "one")
	k := newKustomization(t, name, map[string]string{"one.yaml": manifest(one, "read", "", "")}, plain)
	k.expectReady()
	issued := plaintext(t, one)
	var secret corev1.Secret
	must(t, kube.Get(t.Context(), one, &secret))
	uri := string(secret.Data["uri"])

	kubectl(t, "patch", "secret", "one", "-n", name, "--type=merge", `-p={"stringData":{"uri":"https://elsewhere.example/jira"}}`)
	eventually(t, "the address is repaired", func() bool {
		must(t, kube.Get(t.Context(), one, &secret))
		return string(secret.Data["uri"]) == uri
	})
	if plaintext(t, one) != issued {
		t.Error("a changed address replaced the credential")
	}

	const forged = "jat_of_somebody_else"
	kubectl(t, "patch", "secret", "one", "-n", name, "--type=merge", `-p={"stringData":{"token":"`+forged+`"}}`)
	eventually(t, "there is another token", func() bool { now := plaintext(t, one); return now != forged && now != issued })
	expectAccepted(t, plaintext(t, one))
	expectRefused(t, issued, "")
	k.expectReady()
}
