// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"fmt"
	"slices"
	"testing"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func numbered(format string, n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(format, i))
	}
	return out
}

// Whatever somebody is called, the API server finds the stamp right that the webhook gives them.
func TestHonestStampsAreAdmitted(t *testing.T) {
	m := start(t, options{})
	namespace := plane.Namespace(t)
	people := []*person{account(t, namespace, roleEditor, namespace, "ci")}
	for name, groups := range map[string][]string{
		"oidc:alice":                nil,
		`R&D <"bots"> \ 'and' more`: {`a"`, `b\`, `c",`, `],"at":`, `","`, ",", "<&>", `\"`, `\u0026`},
		"zoë 東京 👩‍💻":                {"עברית", "ü\u2028\u2029", "a\nb\r\t\b\f", "U+FFFD \ufffd"},
		`\`:                         {`\\`, `\\"`},
		"with many groups":          numbered("CN=a group with a long name %d,OU=Groups,DC=corp,DC=example", 500),
	} {
		people = append(people, user(t, namespace, roleEditor, name, groups...))
	}
	masquerade := rest.CopyConfig(plane.Config)
	masquerade.Impersonate = rest.ImpersonationConfig{UserName: "as <bob>", UID: `u"1`, Groups: []string{"as & such", "system:authenticated"}}
	bind(t, namespace, roleEditor, subjectOf("as <bob>"))
	people = append(people, newPerson(t, "as <bob>", masquerade))

	tokens := map[*person]*v1alpha1.ApiToken{}
	for i, p := range people {
		tokens[p] = newToken(namespace, fmt.Sprintf("t-%d", i))
		must(t, p.Create(t.Context(), tokens[p]))
		m.expectRequester(t, tokens[p], p)
		must(t, p.Patch(t.Context(), stored(t, tokens[p]), mergePatch(`{"spec":{"description":"x"}}`)))
		m.expectRequester(t, tokens[p], p)
	}
	m.webhookAway(t)
	for _, p := range people {
		own := stampOf(stored(t, tokens[p]))
		must(t, p.Patch(t.Context(), stored(t, tokens[p]), mergePatch(`{"metadata":{"annotations":{"jiratokens.io/requested-by":null}}}`)))
		if err := p.Patch(t.Context(), stored(t, tokens[p]), stampPatch(own)); err != nil {
			t.Errorf("%q can't put a stamp of their own back: %v", p.name, err)
		}
		for _, other := range people {
			if other != p {
				expectRefused(t, fmt.Sprintf("%q's with %q", p.name, other.name), other.Patch(t.Context(), stored(t, tokens[other]), stampPatch(own)))
			}
		}
	}
}

// What does not write a stamp goes on while the webhook is away, on tokens that have another's, too.
func TestWithoutStampsAllGoesOn(t *testing.T) {
	m := start(t, options{})
	namespace := plane.Namespace(t)
	alice, bob := user(t, namespace, roleEditor, "alice"), user(t, namespace, roleEditor, "bob")
	flux := account(t, namespace, roleGitOps, namespace, "kustomize-controller")
	token, applied := newToken(namespace, "t"), newToken(namespace, "applied")
	must(t, alice.Create(t.Context(), token))
	apply(t, flux, applied.DeepCopy(), "kustomize-controller", true)
	m.webhookAway(t)

	first := stampOf(stored(t, token))
	for _, patch := range []string{
		`{"metadata":{"labels":{"a":"b"},"finalizers":["example.com/x","jiratokens.io/revoke"]}}`,
		`{"metadata":{"annotations":{"jiratokens.io/request":"1"}}}`, `{"spec":{"suspend":true}}`, `{"spec":{"description":"x"}}`,
	} {
		must(t, bob.Patch(t.Context(), stored(t, token), mergePatch(patch)))
	}
	eventually(t, func() error {
		replaced := stored(t, token)
		replaced.Labels = nil
		return bob.Update(t.Context(), replaced)
	})
	if have := stampOf(stored(t, token)); have != first {
		t.Errorf("the stamp is %s", have)
	}
	apply(t, flux, applied.DeepCopy(), "kustomize-controller", true)
	apply(t, flux, newToken(namespace, "applied", func(a *v1alpha1.ApiToken) { a.Spec.Description = "x" }), "kustomize-controller", true)
	if out, err := kubectlApply(t, bob, newToken(namespace, "by-kubectl")); err != nil {
		t.Fatal(out)
	}
	must(t, bob.Create(t.Context(), newToken(namespace, "new")))
	bind(t, namespace, roleApprover, subjectOf("bob"))
	must(t, bob.Create(t.Context(), newApproval(namespace, "new", stored(t, token))))
	managerClient := newPerson(t, "manager", plane.ServiceAccount(t, systemNamespace, managerAccount))
	status := stored(t, token)
	status.Status.Rule = "r"
	must(t, managerClient.Status().Patch(t.Context(), status, client.MergeFrom(stored(t, token))))
	must(t, bob.Patch(t.Context(), stored(t, token), mergePatch(`{"metadata":{"finalizers":null}}`)))
	must(t, bob.Delete(t.Context(), stored(t, token)))
	eventually(t, func() error { return gone(t, token) })
	if slices.ContainsFunc([]string{"by-kubectl", "new"}, func(name string) bool { return stampOf(stored(t, newToken(namespace, name))) != "" }) {
		t.Error("a stamp came from nowhere")
	}
}
