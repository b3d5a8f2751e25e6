// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// declares has an ApiToken declare a token's hash.
func declares(t *testing.T, made token.Token) func(*v1alpha1.ApiToken) {
	t.Helper()
	hash, err := made.Hash().MarshalText()
	must(t, err)
	return func(o *v1alpha1.ApiToken) { o.Spec.TokenHash = v1alpha1.TokenHash(hash) }
}

// TestRevokeDeclaredHash: one that was made elsewhere is found by what the operator says of its hash, without a right to read
// Secrets. That a spec declares the hash says nothing.
func TestRevokeDeclaredHash(t *testing.T) {
	p, namespace, alice := newPolicy(t), plane.Namespace(t), newPerson(t, "alice")
	made := makeToken(t)
	object := newToken(t, p, namespace, "laptop", declares(t, made))
	for _, verb := range []string{"list", "delete"} {
		alice.may(t, verb, "jiratokens.io", "apitokens", namespace)
	}
	revoke := func() result {
		r := alice.runsWith(t, made.Reveal(), "revoke", "--stdin", "--yes", "-n", namespace)
		r.silent(t, made)
		return r
	}
	revoke().expect(t, 5, "nothing was revoked", "is declared by ApiToken "+namespace+"/laptop (not looked at yet)",
		"Secrets in namespace "+p.Namespace+", which you may not list")
	report(t, object, metav1.ConditionTrue, metav1.ConditionTrue, v1alpha1.ReasonIssued, withCredential(made.Hash().DerivedID()))
	revoke().expect(t, 0, "apitoken.jiratokens.io/laptop revoked")
	if !gone(t, object) {
		t.Error("it is still there")
	}
}

// TestRevokeByTokenDespiteDecoy: an ApiToken that copies the hash into its spec does not stand before the one that works.
func TestRevokeByTokenDespiteDecoy(t *testing.T) {
	for name, lags := range map[string]bool{"status says it": false, "only the hash Secret says it": true} {
		t.Run(name, func(t *testing.T) {
			p, admin, made := newPolicy(t), newPerson(t, "admin", "system:masters"), makeToken(t)
			first, second := plane.Namespace(t), plane.Namespace(t)
			first, second = min(first, second), max(first, second)
			decoy := newToken(t, p, first, "zapier", declares(t, made))
			report(t, decoy, metav1.ConditionFalse, metav1.ConditionFalse, v1alpha1.ReasonHashTaken)
			leaked := newToken(t, p, second, "zapier")
			if !lags {
				report(t, leaked, metav1.ConditionTrue, metav1.ConditionTrue, v1alpha1.ReasonIssued, withCredential(made.ID()))
			}
			secret := store(t, leaked, made)
			if lags {
				admin.runsWith(t, made.Reveal(), "revoke", "--stdin", "--yes", "-n", first).expect(t, 5,
					"nothing was revoked", "is that of ApiToken "+second+"/zapier, which -n leaves out")
			}
			r := admin.runsWith(t, made.Reveal(), "revoke", "--stdin", "--yes")
			r.expect(t, 3, "apitoken.jiratokens.io/zapier revoked", "Warning: the same hash is declared by ApiToken "+first+"/zapier (HashTaken)",
				"the token may be accepted all the same")
			r.silent(t, made)
			if !gone(t, leaked) || gone(t, decoy) {
				t.Errorf("the one that works is gone: %t; the other: %t", gone(t, leaked), gone(t, decoy))
			}
			must(t, plane.Client.Delete(t.Context(), secret)) // as the operator does
			admin.runsWith(t, made.Reveal(), "revoke", "--stdin", "--yes").expect(t, 5, "is declared by ApiToken "+first+"/zapier (HashTaken)")
		})
	}
}

// TestRevokeByTokenOfSeveralPolicies: each policy accepts a hash once, so a token can work under several.
func TestRevokeByTokenOfSeveralPolicies(t *testing.T) {
	admin, made := newPerson(t, "admin", "system:masters"), makeToken(t)
	var objects []client.Object
	var denied []string
	for _, id := range []string{made.ID(), made.Hash().DerivedID(), made.Hash().DerivedID()} {
		object := newToken(t, newPolicy(t), plane.Namespace(t), "laptop", declares(t, made))
		report(t, object, metav1.ConditionTrue, metav1.ConditionTrue, v1alpha1.ReasonIssued, withCredential(id))
		objects = append(objects, object, store(t, object, made))
		denied = append(denied, "policy "+string(object.Spec.PolicyRef.Namespace)+"/jira denies token "+object.Namespace+"/laptop")
	}
	revoke := []string{"revoke", "--stdin", "--yes", "--now"}
	const warns = "declares its token's hash: whoever may declare that again can have the same token accepted again"
	admin.runsWith(t, made.Reveal(), append(revoke, "--dry-run=server")...).expect(t, 0, "/laptop "+warns, "(--deny)")
	r := admin.runsWith(t, made.Reveal(), append(revoke, "--deny")...)
	r.expect(t, 0, append(denied, "apitoken.jiratokens.io/laptop revoked")...)
	r.silent(t, made)
	if strings.Contains(r.errOut, warns) {
		t.Errorf("it warns of what --deny keeps from happening:\n%s", r.errOut)
	}
	for _, object := range objects {
		if err := read(t, object); client.IgnoreNotFound(err) != nil || err == nil {
			t.Errorf("%T %s is still there: %v", object, object.GetName(), err)
		}
	}
}
