// SPDX-License-Identifier: Apache-2.0

package permissions_test

import (
	"encoding/json"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func TestWhoMayDeclareWhat(t *testing.T) {
	w := newWorld(t)
	must(t, plane.Client.Create(t.Context(), w.policy))
	alice, paul := w.person("oidc:alice"), w.person("oidc:paul", "platform-team")
	fluxA, fluxB := w.gitOps(w.tenantA), w.gitOps(w.tenantB)
	for name, c := range map[string]struct {
		by               *user
		namespace, owner string
		want             string
	}{
		"self":                         {alice, w.tenantA, "Alice", v1alpha1.ReasonIssued},
		"self-where-none-may":          {alice, w.tenantB, "alice", v1alpha1.ReasonNotPermitted},
		"for-another":                  {alice, w.tenantA, "bob", v1alpha1.ReasonNotPermitted},
		"on-behalf":                    {paul, w.tenantB, "bob", v1alpha1.ReasonIssued},
		"gitops":                       {fluxA, w.tenantA, "alice", v1alpha1.ReasonIssued},
		"gitops-of-the-other-tenant":   {fluxB, w.tenantA, "alice", v1alpha1.ReasonNotPermitted},
		"gitops-in-the-other-tenant":   {fluxA, w.tenantB, "alice", v1alpha1.ReasonNotPermitted},
		"administrator-of-the-cluster": {w.admin(), w.tenantA, "alice", v1alpha1.ReasonNotPermitted},
	} {
		t.Run(name, func(t *testing.T) {
			tok := w.token(c.namespace, name, c.owner)
			must(t, c.by.Create(t.Context(), tok))
			warned := c.by.said()
			message := w.expect(tok, c.want)
			t.Log(message)
			if permitted := c.want == v1alpha1.ReasonIssued; permitted != (warned == "") {
				t.Errorf("warned %q", warned)
			}
		})
	}
	nobody := w.as(plane.User(t, "oidc:nobody"))
	if err := nobody.Create(t.Context(), w.token(w.tenantA, "nobodys", "alice")); !apierrors.IsForbidden(err) {
		t.Errorf("somebody without a role could declare: %v", err)
	}
}

// TestDryRunTells: what the decision would be, before anything is stored.
func TestDryRunTells(t *testing.T) {
	w := newWorld(t)
	alice := w.person("oidc:alice")
	try := func(owner, want string) {
		t.Helper()
		must(t, alice.Create(t.Context(), w.token(w.tenantA, "trial", owner), client.DryRunAll))
		if said := alice.said(); !strings.Contains(said, want) {
			t.Errorf("want %q in %q", want, said)
		}
	}
	try("alice", "there is no TokenPolicy")
	must(t, plane.Client.Create(t.Context(), w.policy))
	try("alice", "permitted by rule own-a")
	try("bob", "rule own-a: ")

	must(t, plane.Client.Patch(t.Context(), w.policy.DeepCopy(), client.RawPatch("application/merge-patch+json",
		[]byte(`{"spec":{"admission":"Deny"}}`))))
	w.eventually("the mode counts", func() bool {
		return apierrors.IsForbidden(alice.Create(t.Context(), w.token(w.tenantA, "denied", "bob"), client.DryRunAll))
	}, new(string))
	must(t, alice.Create(t.Context(), w.token(w.tenantA, "allowed", "alice")))
}

// TestForgedStampsAreDenied, however they are written.
func TestForgedStampsAreDenied(t *testing.T) {
	w := newWorld(t)
	must(t, plane.Client.Create(t.Context(), w.policy))
	alice, eve := w.person("oidc:alice"), w.person("oidc:eve")
	own := w.token(w.tenantA, "own", "alice")
	must(t, alice.Create(t.Context(), own))
	w.expect(own, v1alpha1.ReasonIssued)
	stolen := own.Annotations[v1alpha1.AnnotationRequestedBy]
	forge := func(name string) *v1alpha1.ApiToken {
		tok := w.token(w.tenantA, name, "alice")
		tok.Annotations = map[string]string{v1alpha1.AnnotationRequestedBy: stolen}
		return tok
	}
	denied := func(what string, err error) {
		t.Helper()
		if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), v1alpha1.AnnotationRequestedBy) {
			t.Errorf("%s: %v", what, err)
		}
	}
	denied("create", eve.Create(t.Context(), forge("forged")))
	denied("server-side apply", eve.Patch(t.Context(), forge("forged"), client.Apply, client.FieldOwner("x"), client.ForceOwnership)) //nolint:staticcheck // the shortest way to apply a typed object

	mine := w.token(w.tenantA, "mine", "alice")
	must(t, eve.Create(t.Context(), mine))
	w.expect(mine, v1alpha1.ReasonNotPermitted)
	for what, patch := range map[string]client.Patch{
		"merge patch": client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"`+v1alpha1.AnnotationRequestedBy+`":`+quoted(stolen)+`}}}`)),
		"JSON patch": client.RawPatch("application/json-patch+json",
			[]byte(`[{"op":"replace","path":"/metadata/annotations/jiratokens.io~1requested-by","value":`+quoted(stolen)+`}]`)),
	} {
		denied(what, eve.Patch(t.Context(), mine.DeepCopy(), patch))
	}
	updated := mine.DeepCopy()
	updated.Annotations[v1alpha1.AnnotationRequestedBy] = stolen
	denied("update", eve.Update(t.Context(), updated))

	// Taking it off changes nothing: it comes back.
	must(t, eve.Patch(t.Context(), own.DeepCopy(), client.RawPatch("application/merge-patch+json",
		[]byte(`{"metadata":{"annotations":{"`+v1alpha1.AnnotationRequestedBy+`":null},"labels":{"a":"b"}}}`))))
	must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(own), own))
	if own.Annotations[v1alpha1.AnnotationRequestedBy] != stolen {
		t.Error("the stamp was taken off")
	}
	// Whoever takes it over with the annotation for that is the requester, with their own rights.
	must(t, eve.Patch(t.Context(), own.DeepCopy(), client.RawPatch("application/merge-patch+json",
		[]byte(`{"metadata":{"annotations":{"`+v1alpha1.AnnotationRequest+`":"1"}}}`))))
	w.expectSince(own, v1alpha1.ReasonNotPermitted)
}

// quoted is a text as JSON.
func quoted(text string) string {
	content, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string can always be encoded
	}
	return string(content)
}
