// SPDX-License-Identifier: Apache-2.0

package flux

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestPruneRevokes: what goes from Git is revoked, and has another credential when it comes back. What stays, stays as it is.
func TestPruneRevokes(t *testing.T) {
	const name = "prune"
	namespace(t, "free", name)
	gone, kept := named(name, "gone"), named(name, "kept")
	k := newKustomization(t, name, map[string]string{
		"gone.yaml": manifest(gone, "read", "", ""), "kept.yaml": manifest(kept, "read", "", ""),
	}, plain)
	k.expectReady()
	first, other := plaintext(t, gone), plaintext(t, kept)
	expectAccepted(t, first)

	k.apply(map[string]string{"gone.yaml": ""})
	expectRefused(t, first, "not known, or was revoked")
	var tok v1alpha1.ApiToken
	eventually(t, "the ApiToken is gone", func() bool { return apierrors.IsNotFound(kube.Get(t.Context(), gone, &tok)) })

	k.apply(map[string]string{"gone.yaml": manifest(gone, "read", "", "")})
	second := plaintext(t, gone)
	if second == first {
		t.Error("the revoked token is back")
	}
	expectAccepted(t, second)
	expectRefused(t, first, "not known, or was revoked")

	if plaintext(t, kept) != other {
		t.Error("what stayed in Git has another credential")
	}
	expectAccepted(t, other)
}
