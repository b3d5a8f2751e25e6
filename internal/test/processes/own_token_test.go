// SPDX-License-Identifier: Apache-2.0

package processes

import (
	"context"
	"crypto/rand"
	"net/http"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// ownToken is a token as its holder makes it, and what to declare.
func ownToken(t *testing.T) (string, v1alpha1.TokenHash) {
	t.Helper()
	plaintext, err := token.Generate(rand.Reader)
	must(t, err)
	hash, err := plaintext.Hash().MarshalText()
	must(t, err)
	return plaintext.Reveal(), v1alpha1.TokenHash(hash)
}

func declareHash(t *testing.T, owner v1alpha1.JiraUserName, hash v1alpha1.TokenHash) *v1alpha1.ApiToken {
	t.Helper()
	declared := &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: tokenNamespace, GenerateName: "own-"},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: owner, Scopes: []v1alpha1.Scope{"read"}, Lifetime: "1h", TokenHash: hash,
			PolicyRef: v1alpha1.PolicyReference{Name: stack.PolicyName, Namespace: stack.PolicyNamespace},
		},
	}
	must(t, kube.Create(t.Context(), declared))
	t.Cleanup(func() { _ = kube.Delete(context.Background(), declared) })
	return declared
}

func works(t *testing.T, plaintext, as string) {
	t.Helper()
	eventually(t, "the token works as "+as, func() bool {
		status, _ := get(t, plaintext)
		return status == http.StatusOK && jira.Last().User == as
	})
}

func ends(t *testing.T, plaintext string) {
	t.Helper()
	eventually(t, "the token has ended", func() bool { status, _ := get(t, plaintext); return status == http.StatusUnauthorized })
}

func isBecause(t *testing.T, declared *v1alpha1.ApiToken, reason string) {
	t.Helper()
	eventually(t, "it is "+reason, func() bool {
		must(t, kube.Get(t.Context(), client.ObjectKeyFromObject(declared), declared))
		for _, c := range declared.Status.Conditions {
			if c.Type == v1alpha1.ConditionActive && c.Reason == reason && c.ObservedGeneration == declared.Generation {
				return true
			}
		}
		return false
	})
}

func TestOwnToken(t *testing.T) {
	first, hash := ownToken(t)
	declared := declareHash(t, "alice", hash)
	works(t, first, "alice")

	// Another one that declares it waits for it to be free.
	another := declareHash(t, "bob", hash)
	isBecause(t, another, v1alpha1.ReasonHashTaken)
	works(t, first, "alice")

	// Replaced without a gap: as long as the second is not accepted, the first one is.
	second, next := ownToken(t)
	change(t, declared, func(a *v1alpha1.ApiToken) { a.Spec.TokenHash = next })
	eventually(t, "the second works", func() bool {
		old, _ := get(t, first)
		status, _ := get(t, second)
		if old != http.StatusOK && status != http.StatusOK {
			t.Error("neither works")
		}
		return status == http.StatusOK
	})
	works(t, first, "bob") // it is free now, and the other's declaration is in force

	// Break-glass: it is not made anew.
	must(t, kube.DeleteAllOf(t.Context(), &corev1.Secret{}, client.InNamespace(stack.PolicyNamespace),
		client.MatchingLabels{v1alpha1.LabelTokenUID: string(declared.UID)}))
	isBecause(t, declared, v1alpha1.ReasonHashRevoked)
	ends(t, second)
	third, hash := ownToken(t)
	change(t, declared, func(a *v1alpha1.ApiToken) { a.Spec.TokenHash = hash })
	works(t, third, "alice")

	// Back to a token of the operator's.
	change(t, declared, func(a *v1alpha1.ApiToken) { a.Spec.TokenHash = "" })
	ends(t, third)
	var secret corev1.Secret
	eventually(t, "the Secret is there", func() bool { return kube.Get(t.Context(), client.ObjectKeyFromObject(declared), &secret) == nil })
	works(t, string(secret.Data["token"]), "alice")
}
