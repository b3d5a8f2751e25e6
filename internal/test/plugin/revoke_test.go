// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"crypto/rand"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

func makeToken(t *testing.T) token.Token {
	t.Helper()
	made, err := token.Generate(rand.Reader)
	must(t, err)
	return made
}

// silent fails the test if a secret part of a token, or its hash, was printed.
func (r result) silent(t *testing.T, made token.Token) {
	t.Helper()
	hash, err := made.Hash().MarshalText()
	must(t, err)
	for _, secret := range []string{made.Reveal()[17:], string(hash)[7:]} {
		if strings.Contains(r.out+r.errOut, secret) {
			t.Error("the token or its hash was printed")
		}
	}
}

func gone(t *testing.T, object *v1alpha1.ApiToken) bool {
	t.Helper()
	return apierrors.IsNotFound(read(t, object))
}

func TestRevokeByName(t *testing.T) {
	p, namespace, alice := newPolicy(t), plane.Namespace(t), newPerson(t, "alice")
	object := newToken(t, p, namespace, "zapier", func(o *v1alpha1.ApiToken) {
		o.Labels = map[string]string{"kustomize.toolkit.fluxcd.io/name": "tokens", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
	})
	revoke := []string{"revoke", "zapier", "-n", namespace}
	alice.runs(t, revoke...).expect(t, 1, "you may not get apitokens in namespace "+namespace)
	alice.may(t, "get", "jiratokens.io", "apitokens", namespace)
	alice.runs(t, revoke...).expect(t, 2, "--yes is needed where there is no terminal", namespace+"/zapier",
		"Warning: Flux's Kustomization flux-system/tokens declares ApiToken "+namespace+"/zapier: it will declare it again", "(--deny)")
	alice.runs(t, append(revoke, "--yes")...).expect(t, 1, "you may not delete apitokens")
	alice.may(t, "delete", "jiratokens.io", "apitokens", namespace)
	alice.runs(t, append(revoke, "--dry-run=server")...).expect(t, 0, "revoked (server dry run)")
	if gone(t, object) {
		t.Fatal("a dry run revoked it")
	}
	alice.runs(t, append(revoke, "--yes", "--wait")...).expect(t, 0, "apitoken.jiratokens.io/zapier revoked\n")
	if !gone(t, object) {
		t.Error("it is still there")
	}
	alice.runs(t, append(revoke, "--yes")...).expect(t, 5, "not found")
}

// TestRevokeWaits: an operator that does not run leaves the finalizer, and the credential.
func TestRevokeWaits(t *testing.T) {
	p, namespace, admin := newPolicy(t), plane.Namespace(t), newPerson(t, "admin", "system:masters")
	object := newToken(t, p, namespace, "zapier", func(o *v1alpha1.ApiToken) { o.Finalizers = []string{v1alpha1.FinalizerRevoke} })
	secret, foreign := store(t, object, makeToken(t)), store(t, newToken(t, p, namespace, "other"), makeToken(t))
	revoke := []string{"revoke", "zapier", "-n", namespace, "--yes"}
	admin.runs(t, append(revoke, "--wait=300ms")...).expect(t, 6, "has not ended its credentials within 300ms: does it run? --now ends them")
	must(t, read(t, secret))
	admin.runs(t, append(revoke, "--now", "--wait=300ms")...).expect(t, 6, "its credentials are ended", "1 hash Secret of ApiToken "+namespace+"/zapier deleted")
	if err := read(t, secret); !apierrors.IsNotFound(err) {
		t.Errorf("the hash Secret is still there: %v", err)
	}
	must(t, read(t, foreign))
	must(t, read(t, object))
	object.Finalizers = nil
	must(t, plane.Client.Update(t.Context(), object))
}

// TestRevokeByToken: the token itself is enough, and is never printed.
func TestRevokeByToken(t *testing.T) {
	p, namespace, alice := newPolicy(t), plane.Namespace(t), newPerson(t, "alice")
	made := makeToken(t)
	object := newToken(t, p, namespace, "zapier")
	report(t, object, metav1.ConditionTrue, metav1.ConditionTrue, v1alpha1.ReasonIssued, withCredential(made.ID()))
	secret := store(t, object, made)
	run := func(made token.Token, args ...string) result {
		r := alice.runsWith(t, made.Reveal()+"\n", append([]string{"revoke", "--stdin"}, args...)...)
		r.silent(t, made)
		return r
	}
	run(made).expect(t, 1, "you may not list apitokens in all namespaces")
	for _, verb := range []string{"list", "get", "delete"} {
		alice.may(t, verb, "jiratokens.io", "apitokens", "")
	}
	run(made).expect(t, 2, "--yes is needed with --stdin", "Found by its public id "+made.ID(), namespace+"/zapier")
	run(makeToken(t), "--yes").expect(t, 5, "no ApiToken has the token on standard input")
	alice.runsWith(t, made.Reveal()[:40], "revoke", "--stdin", "--yes").expect(t, 2, "standard input is no token", "wrong length")
	alice.runsWith(t, "hunter2", "revoke", "--stdin", "--yes").expect(t, 2, "not a token of this gateway")

	// Whoever may read the hash Secrets can tell that a token of the same id is another.
	alice.may(t, "list", "", "secrets", p.Namespace)
	other := sameID(t, made)
	run(other, "--yes").expect(t, 5, "has the id of a credential of ApiToken "+namespace+"/zapier, and is another", "nothing was revoked")
	run(made, "--dry-run=server").expect(t, 0, "revoked (server dry run)")
	run(made, "--yes").expect(t, 0, "apitoken.jiratokens.io/zapier revoked")
	if !gone(t, object) {
		t.Error("it is still there")
	}
	alice.may(t, "list", "jiratokens.io", "tokenpolicies", "")
	run(made, "--yes").expect(t, 5, "was that of ApiToken "+namespace+"/zapier, which is gone") // as the operator has not cleaned up
	must(t, plane.Client.Delete(t.Context(), secret))
	run(made, "--yes").expect(t, 5, "no ApiToken has the token on standard input")
}

// sameID makes another token with the same public id, which takes no secret.
func sameID(t *testing.T, made token.Token) token.Token {
	t.Helper()
	id := made.ID()
	other, err := token.Generate(&idFirst{id: id})
	must(t, err)
	if other.ID() != id || other.Hash() == made.Hash() {
		t.Fatal("not another token of the same id")
	}
	return other
}

// idFirst is a random source whose first characters are an id.
type idFirst struct{ id string }

func (r *idFirst) Read(p []byte) (int, error) {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	n := 0
	for ; n < len(p) && n < len(r.id); n++ {
		p[n] = byte(strings.IndexByte(alphabet, r.id[n]))
	}
	r.id = r.id[n:]
	if n < len(p) {
		return rand.Read(p[n:])
	}
	return n, nil
}

// TestRevokeAgainstGit: the policy denies first what Git would bring back.
func TestRevokeAgainstGit(t *testing.T) {
	p := newPolicy(t, func(p *v1alpha1.TokenPolicy) {
		p.Labels = map[string]string{"kustomize.toolkit.fluxcd.io/name": "policies", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
		p.Spec.Deny = &v1alpha1.Deny{Owners: []v1alpha1.JiraUserName{"eve"}, Tokens: []v1alpha1.DeniedToken{"a/b"}}
	})
	namespace, alice := plane.Namespace(t), newPerson(t, "alice")
	newToken(t, p, namespace, "one")
	newToken(t, p, namespace, "two")
	for _, verb := range []string{"get", "list", "delete"} {
		alice.may(t, verb, "jiratokens.io", "apitokens", namespace)
	}
	deny := []string{"revoke", "one", "-n", namespace, "--deny", "--yes"}
	alice.runs(t, deny...).expect(t, 1, "nothing was revoked: read the policy "+name(p)+": you may not get tokenpolicies")
	alice.may(t, "get", "jiratokens.io", "tokenpolicies", p.Namespace)
	alice.may(t, "patch", "jiratokens.io", "tokenpolicies", p.Namespace)
	alice.runs(t, deny...).expect(t, 0, "policy "+name(p)+" denies token "+namespace+"/one", "revoked",
		"Warning: Flux's Kustomization flux-system/policies declares policy "+name(p))
	alice.runs(t, "revoke", "-n", namespace, "--owner", "SVC-zapier", "--deny", "--yes").expect(t, 0, "denies owner SVC-zapier", "/two revoked")
	must(t, read(t, p))
	want := &v1alpha1.Deny{
		Owners: []v1alpha1.JiraUserName{"eve", "SVC-zapier"}, Tokens: []v1alpha1.DeniedToken{"a/b", v1alpha1.DeniedToken(namespace + "/one")},
	}
	if !equal(p.Spec.Deny, want) {
		t.Errorf("have %+v\nwant %+v", p.Spec.Deny, want)
	}
	for _, entry := range p.ManagedFields {
		if strings.HasPrefix(entry.Manager, "kubectl") { // Flux would take it over
			t.Errorf("written as %s", entry.Manager)
		}
	}
	alice.runs(t, "revoke", "-n", namespace, "--owner", "mallory", "--policy", name(p), "--deny", "--yes").expect(t, 0,
		"policy "+name(p)+" denies owner mallory", "mallory has no token here that could be revoked, and is denied in policy "+name(p))
	alice.runs(t, "revoke", "-n", namespace, "--owner", "mallory", "--deny", "--yes").expect(t, 5, "name it with --policy NAMESPACE/NAME")
	must(t, read(t, p))
	if owners := p.Spec.Deny.Owners; len(owners) != 3 || owners[2] != "mallory" {
		t.Errorf("denied are %v", owners)
	}
	alice.runs(t, "revoke", "-n", namespace, "--owner", "svc-zapier", "--yes").expect(t, 5, "no ApiToken is selected by that in namespace "+namespace)
}

// TestRevokeOfSome: what fails with one does not keep the others.
func TestRevokeOfSome(t *testing.T) {
	p, one, two := newPolicy(t), plane.Namespace(t), plane.Namespace(t)
	alice := newPerson(t, "alice")
	kept, ended := newToken(t, p, one, "a"), newToken(t, p, two, "b")
	alice.may(t, "list", "jiratokens.io", "apitokens", "")
	alice.may(t, "delete", "jiratokens.io", "apitokens", two)
	alice.runs(t, "revoke", "-A", "--policy", name(p), "--yes").expect(t, 3, "it failed with 1 of 2 tokens", "you may not delete apitokens in namespace "+one)
	if gone(t, kept) || !gone(t, ended) {
		t.Error("not those that could be revoked")
	}
}
