// SPDX-License-Identifier: Apache-2.0

package permissions_test

import (
	"maps"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestReapplyingDoesNotRotate: with a rotation and a request in Git, twenty re-applies in Flux's way replace nothing and write
// nothing; another value in Git does, once.
func TestReapplyingDoesNotRotate(t *testing.T) {
	w := newWorld(t)
	must(t, plane.Client.Create(t.Context(), w.policy))
	fluxA := w.gitOps(w.tenantA)
	inGit := w.token(w.tenantA, "ci", "alice")
	inGit.Spec.Rotation = &v1alpha1.Rotation{Every: "12h", Overlap: "1h"}
	inGit.Annotations = map[string]string{v1alpha1.AnnotationRotateRequestedAt: "2026-11-01T00:00:00Z"}
	stored := inGit.DeepCopy()
	fluxA.asFlux(inGit)
	w.settled(stored)
	first := w.credentialID(stored)
	reapply := func() {
		t.Helper()
		w.settled(stored)
		before := w.versions(stored)
		for range 20 {
			fluxA.asFlux(inGit)
		}
		w.settled(stored)
		if after := w.versions(stored); !maps.Equal(before, after) {
			t.Errorf("\n%v\n%v", before, after)
		}
	}
	reapply()
	if got := w.credentialID(stored); got != first {
		t.Fatalf("credential %s became %s", first, got)
	}
	inGit.Annotations[v1alpha1.AnnotationRotateRequestedAt] = "2026-11-02T00:00:00Z"
	fluxA.asFlux(inGit)
	last := ""
	w.eventually("another credential", func() bool {
		last = w.credentialID(stored)
		w.settled(stored)
		return last != first && len(stored.Status.Retiring) == 1 && stored.Status.Retiring[0].ID == first &&
			stored.Status.Credential.ID == last
	}, &last)
	reapply()
	if got := w.credentialID(stored); got != last {
		t.Errorf("credential %s became %s", last, got)
	}
	if want := "system:serviceaccount:" + w.tenantA + ":flux"; stored.Status.RequestedBy != want {
		t.Errorf("requested by %q", stored.Status.RequestedBy)
	}
}

// TestAnyEditorMayRotate what somebody else declared, without becoming the one who did.
func TestAnyEditorMayRotate(t *testing.T) {
	w := newWorld(t)
	must(t, plane.Client.Create(t.Context(), w.policy))
	fluxA, paul := w.gitOps(w.tenantA), w.person("oidc:paul")
	inGit := w.token(w.tenantA, "ci", "alice")
	fluxA.asFlux(inGit)
	stored := inGit.DeepCopy()
	w.settled(stored)
	first := w.credentialID(stored)
	paul.kubectl("", "annotate", "apitoken", "ci", "-n", w.tenantA, v1alpha1.AnnotationRotateRequestedAt+"=now")
	last := ""
	w.eventually("another credential", func() bool {
		last = w.credentialID(stored)
		return last != first
	}, &last)
	w.settled(stored)
	if want := "system:serviceaccount:" + w.tenantA + ":flux"; stored.Status.RequestedBy != want {
		t.Errorf("requested by %q", stored.Status.RequestedBy)
	}
}

// credentialID is what the Secret of a token is said to hold.
func (w *world) credentialID(t *v1alpha1.ApiToken) string {
	w.Helper()
	var secret corev1.Secret
	must(w.T, plane.Client.Get(w.Context(), client.ObjectKey{Namespace: t.Namespace, Name: t.SecretName()}, &secret))
	return secret.Annotations[v1alpha1.AnnotationCredentialID]
}
