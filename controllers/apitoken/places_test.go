// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"fmt"
	"sync"
	"testing"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

func twoPlaces(p *v1alpha1.TokenPolicy) { p.Spec.Rules[0].Limits.MaxTokensPerOwner = new(int32(2)) }

// live counts the tokens with a credential that the gateway accepts.
func (w *world) live(tokens []*v1alpha1.ApiToken) int {
	n := 0
	for _, t := range tokens {
		if holdsPlace(w.slots(t)) {
			n++
		}
	}
	return n
}

func TestOldestTokensHaveThePlaces(t *testing.T) {
	w := newWorld(t, twoPlaces)
	var tokens []*v1alpha1.ApiToken
	for i := range 4 {
		tokens = append(tokens, w.token(fmt.Sprintf("t%d", i)))
	}
	other := w.token("others", forAlice)
	byAgeOf := func(a, b *v1alpha1.ApiToken) bool { return policy.ByAge(a, b) < 0 }
	settle := func(what string, issued ...*v1alpha1.ApiToken) {
		t.Helper()
		w.eventually(what, func() bool {
			for _, tok := range tokens {
				w.manager.run(w, tok)
			}
			if w.live(tokens) > 2 {
				t.Fatal("more than two")
			}
			for _, tok := range issued {
				if w.reason(tok) != v1alpha1.ReasonIssued {
					return false
				}
			}
			return true
		})
	}
	for i := range tokens {
		for j := i + 1; j < len(tokens); j++ {
			if byAgeOf(tokens[j], tokens[i]) {
				tokens[i], tokens[j] = tokens[j], tokens[i]
			}
		}
	}
	settle("the two oldest are issued", tokens[0], tokens[1])
	w.waits(tokens[3], v1alpha1.ReasonNotPermitted)
	w.issued(other)

	must(t, plane.Client.Delete(t.Context(), tokens[0]))
	tokens = tokens[1:]
	w.eventually("it is revoked", func() bool {
		_, err := w.manager.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: w.namespace, Name: "t0"}})
		must(t, err)
		for i := range 4 {
			_, err := w.manager.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: w.namespace, Name: fmt.Sprintf("t%d", i)}})
			must(t, err)
		}
		return w.reason(tokens[1]) == v1alpha1.ReasonIssued
	})
	settle("the next one has the place", tokens[0], tokens[1])
}

// TestPlacesAreNotExceededByARace: many at once, and never more than two live.
func TestPlacesAreNotExceededByARace(t *testing.T) {
	w := newWorld(t, twoPlaces)
	var tokens []*v1alpha1.ApiToken
	for i := range 8 {
		tokens = append(tokens, w.token(fmt.Sprintf("t%d", i)))
	}
	w.eventually("two are issued", func() bool {
		var all sync.WaitGroup
		for _, tok := range tokens {
			all.Go(func() {
				_, _ = w.manager.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(tok)})
			})
		}
		all.Wait()
		live := w.live(tokens)
		if live > 2 {
			t.Fatalf("%d are live", live)
		}
		return live == 2
	})
}

// TestOlderTokenTakesThePlace: one that is permitted only later waits until a younger one is blocked.
func TestOlderTokenTakesThePlace(t *testing.T) {
	w := newWorld(t, twoPlaces, func(p *v1alpha1.TokenPolicy) { p.Spec.Rules[0].Limits.MaxTokensPerOwner = new(int32(1)) })
	old := w.token("old", func(t *v1alpha1.ApiToken) { t.Spec.Scopes = []v1alpha1.Scope{"admin"} })
	w.waits(old, v1alpha1.ReasonNotPermitted)
	var young *v1alpha1.ApiToken
	w.eventually("a second has passed", func() bool {
		young = w.token("young")
		if policy.ByAge(old, young) < 0 {
			return true
		}
		must(t, plane.Client.Delete(t.Context(), young))
		return false
	})
	w.issued(young)
	edit(w, old, func(t *v1alpha1.ApiToken) { t.Spec.Scopes = []v1alpha1.Scope{"read"} })
	w.waits(old, v1alpha1.ReasonPlacePending)
	w.waits(young, v1alpha1.ReasonNotPermitted)
	w.issued(old)
}
