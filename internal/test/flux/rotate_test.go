// SPDX-License-Identifier: Apache-2.0

package flux

import (
	"testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestRotatingFromGit: each new value of the annotation replaces the credential once, however often it is applied; taking it away
// replaces nothing.
func TestRotatingFromGit(t *testing.T) {
	const name = "rotate"
	namespace(t, "free", name)
	one := named(name, "one")
	at := func(value string) map[string]string {
		metadata := ""
		if value != "" {
			metadata = "annotations: {" + v1alpha1.AnnotationRotateRequestedAt + ": " + value + "}"
		}
		return map[string]string{"one.yaml": manifest(one, "read", metadata, "")}
	}
	k := newKustomization(t, name, at(""), plain)
	k.expectReady()
	known := []string{plaintext(t, one)}

	for _, step := range []struct {
		value   string
		rotates bool
	}{{"monday", true}, {"tuesday", true}, {"", false}} {
		k.apply(at(step.value))
		if step.rotates {
			last := known[len(known)-1]
			eventually(t, "the Secret has another token", func() bool { return plaintext(t, one) != last })
			known = append(known, plaintext(t, one))
		}
		for range 3 {
			k.expectReady()
		}
		// Whatever is under way, is in the status: a credential that no Secret has yet would be the third one.
		eventually(t, "the token is settled", func() bool {
			tok := expect(t, one, v1alpha1.ReasonIssued)
			return len(tok.Status.Retiring) == len(known)-1 && tok.Status.Credential.RotatesAt == nil
		})
		if hashes := len(secretsOf(t, expect(t, one, v1alpha1.ReasonIssued))) - 1; hashes != len(known) || plaintext(t, one) != known[len(known)-1] {
			t.Errorf("after %q there are %d credentials, want %d", step.value, hashes, len(known))
		}
	}
	for _, token := range known { // the replaced ones are within their overlap
		expectAccepted(t, token)
	}
}
