// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func mergePatch(body string) client.Patch { return client.RawPatch(types.MergePatchType, []byte(body)) }

// Whoever creates a token is recorded, however they do it.
func TestWhoCreates(t *testing.T) {
	m := start(t, options{})
	tenantA, tenantB := plane.Namespace(t), plane.Namespace(t)
	alice := user(t, tenantA, roleEditor, "oidc:alice@corp.example", "developers", "on-call")
	fluxA := account(t, tenantA, roleGitOps, tenantA, "kustomize-controller")
	fluxB := account(t, tenantB, roleGitOps, tenantB, "kustomize-controller")

	byAlice := newToken(tenantA, "by-alice")
	must(t, alice.Create(t.Context(), byAlice))
	m.expectRequester(t, byAlice, alice)
	if r, _ := m.requester(t, byAlice); r == nil || !slices.Contains(r.Groups, "developers") || !slices.Contains(r.Groups, "on-call") {
		t.Errorf("alice's groups are %+v", r)
	}
	for namespace, flux := range map[string]*person{tenantA: fluxA, tenantB: fluxB} {
		token := newToken(namespace, "by-flux")
		apply(t, flux, token.DeepCopy(), "kustomize-controller", true)
		m.expectRequester(t, token, flux)
	}
	byKubectl := newToken(tenantA, "by-kubectl")
	out, err := kubectlApply(t, alice, byKubectl)
	if err != nil {
		t.Fatal(out)
	}
	m.expectRequester(t, byKubectl, alice)

	generated := newToken(tenantA, "", func(a *v1alpha1.ApiToken) { a.GenerateName = "generated-" })
	must(t, alice.Create(t.Context(), generated))
	if !strings.HasPrefix(generated.Name, "generated-") || len(generated.Name) != len("generated-")+5 {
		t.Errorf("the name is %s", generated.Name)
	}
	m.expectRequester(t, generated, alice)
}

func TestNoRights(t *testing.T) {
	start(t, options{})
	namespace, other := plane.Namespace(t), plane.Namespace(t)
	eve := user(t, other, roleEditor, "eve")
	if err := eve.Create(t.Context(), newToken(namespace, "t")); !apierrors.IsForbidden(err) || strings.Contains(err.Error(), "webhook") {
		t.Errorf("have %v", err)
	}
	if err := eve.Create(t.Context(), newToken(namespace, "t"), client.DryRunAll); !apierrors.IsForbidden(err) {
		t.Errorf("have %v", err)
	}
}

// Who changes what a token asks for asks for it from then on; who changes something else does not.
func TestWhoChanges(t *testing.T) {
	m := start(t, options{})
	namespace := plane.Namespace(t)
	alice, bob := user(t, namespace, roleEditor, "alice"), user(t, namespace, roleEditor, "bob")
	token := newToken(namespace, "t")
	must(t, alice.Create(t.Context(), token))
	first := stampOf(stored(t, token))
	for what, patch := range map[string]string{
		"labels":              `{"metadata":{"labels":{"a":"b"}}}`,
		"annotations":         `{"metadata":{"annotations":{"a":"b"}}}`,
		"another credential":  `{"metadata":{"annotations":{"jiratokens.io/rotate-requested-at":"2026-01-01T00:00:00Z"}}}`,
		"finalizers":          `{"metadata":{"finalizers":["example.com/x","jiratokens.io/revoke"]}}`,
		"suspend":             `{"spec":{"suspend":true}}`,
		"the same scopes":     `{"spec":{"scopes":["read"]}}`,
		"nothing":             `{}`,
		"the stamp's absence": `{"metadata":{"annotations":{"jiratokens.io/requested-by":null}}}`,
	} {
		must(t, bob.Patch(t.Context(), stored(t, token), mergePatch(patch)))
		if have := stampOf(stored(t, token)); have != first {
			t.Errorf("a change of %s changes the stamp\nfrom %s\nto   %s", what, first, have)
		}
	}
	m.expectRequester(t, token, alice)
	eventually(t, func() error { // the operator may write to it meanwhile
		replaced := stored(t, token)
		replaced.Annotations, replaced.Labels = nil, nil
		return bob.Update(t.Context(), replaced) // as kubectl replace does
	})
	if have := stampOf(stored(t, token)); have != first {
		t.Errorf("after a replacement the stamp is %s", have)
	}
	for what, patch := range map[string]string{
		"scopes": `{"spec":{"scopes":["read","write"]}}`, "expiry": `{"spec":{"lifetime":"1h"}}`,
		"both": `{"spec":{"description":"x"},"metadata":{"annotations":{"jiratokens.io/requested-by":null}}}`,
	} {
		must(t, alice.Patch(t.Context(), stored(t, token), mergePatch(`{"spec":{"scopes":["read"],"lifetime":null,"description":null}}`)))
		must(t, bob.Patch(t.Context(), stored(t, token), mergePatch(patch)))
		if r, err := m.requester(t, token); err != nil || r.User != "bob" {
			t.Errorf("a change of %s is asked for by %+v (%v)", what, r, err)
		}
	}
	must(t, alice.Patch(t.Context(), stored(t, token), mergePatch(`{"metadata":{"annotations":{"jiratokens.io/request":"mine"}}}`)))
	m.expectRequester(t, token, alice)
	must(t, bob.Patch(t.Context(), stored(t, token), mergePatch(`{"metadata":{"annotations":{"jiratokens.io/request":null}}}`)))
	m.expectRequester(t, token, alice)
}

// A GitOps controller that applies the same again changes nothing, and asks nobody.
func TestApplyingAgainWritesNothing(t *testing.T) {
	m := start(t, options{})
	namespace := plane.Namespace(t)
	flux := account(t, namespace, roleGitOps, namespace, "kustomize-controller")
	alice := user(t, namespace, roleEditor, "alice")
	token := newToken(namespace, "t")
	apply(t, flux, token.DeepCopy(), "kustomize-controller", true)
	settled(t, token)
	before := stored(t, token).ResourceVersion
	apply(t, flux, token.DeepCopy(), "kustomize-controller", true)
	if after := stored(t, token).ResourceVersion; after != before {
		t.Errorf("resource version %s became %s", before, after)
	}
	// Another one's apply of the same changes who owns the fields, and no more.
	if out, err := kubectlApply(t, alice, token, "--server-side"); err != nil {
		t.Fatal(out)
	}
	m.expectRequester(t, token, flux)
}

// A dry run shows what would be stored, and stores nothing.
func TestDryRun(t *testing.T) {
	start(t, options{})
	namespace := plane.Namespace(t)
	alice := user(t, namespace, roleEditor, "alice")
	token := newToken(namespace, "t")
	must(t, alice.Create(t.Context(), token, client.DryRunAll))
	if stampOf(token) == "" {
		t.Error("a dry run shows no stamp")
	}
	if err := plane.Client.Get(t.Context(), client.ObjectKeyFromObject(token), token); !apierrors.IsNotFound(err) {
		t.Errorf("have %v", err)
	}
}

// A token from before the webhook is nobody's until somebody asks for it.
func TestTokensWithoutStamp(t *testing.T) {
	namespace := plane.Namespace(t)
	m := start(t, options{withoutWebhook: true})
	removeWebhook(t)
	token := newToken(namespace, "t")
	must(t, plane.Client.Create(t.Context(), token))
	m.stop()
	m = start(t, options{})
	bob := user(t, namespace, roleEditor, "bob")
	for _, patch := range []string{
		`{"metadata":{"labels":{"a":"b"}}}`, `{"spec":{"suspend":true}}`, `{"metadata":{"annotations":{"jiratokens.io/request":null}}}`,
	} {
		must(t, bob.Patch(t.Context(), stored(t, token), mergePatch(patch)))
		if have := stampOf(stored(t, token)); have != "" {
			t.Errorf("%s: has the stamp %s", patch, have)
		}
	}
	if out, err := kubectl(t, bob.config, "annotate", "apitoken", "t", "-n", namespace, "jiratokens.io/request=1"); err != nil {
		t.Fatal(out)
	}
	m.expectRequester(t, token, bob)
}

// apply is what a GitOps controller does.
func apply(t *testing.T, p *person, token *v1alpha1.ApiToken, manager string, force bool) {
	t.Helper()
	must(t, tryApply(t, p, token, manager, force))
}

func tryApply(t *testing.T, p *person, token *v1alpha1.ApiToken, manager string, force bool) error {
	t.Helper()
	options := []client.PatchOption{client.FieldOwner(manager)}
	if force {
		options = append(options, client.ForceOwnership)
	}
	body, err := yaml.Marshal(manifest(t, token))
	must(t, err)
	return p.Patch(t.Context(), token, client.RawPatch(types.ApplyPatchType, body), options...)
}
