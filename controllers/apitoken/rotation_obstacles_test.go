// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

func named(name string) func(*v1alpha1.ApiToken) {
	return func(t *v1alpha1.ApiToken) { t.Spec.Secret = &v1alpha1.TokenSecret{Name: name} }
}

// TestMaxAgeOutlastsObstacles: who can keep a Secret from being written can't keep a credential for longer than the policy
// allows. Once the Secret can be written, another one is issued, and the old one does not come back.
func TestMaxAgeOutlastsObstacles(t *testing.T) {
	for name, obstacle := range map[string]struct {
		put, lift func(*world, *v1alpha1.ApiToken)
	}{
		"immutable": {
			put: func(w *world, tok *v1alpha1.ApiToken) {
				edit(w, w.secretOf(tok), func(s *corev1.Secret) { s.Immutable = new(true) })
			},
			lift: func(w *world, tok *v1alpha1.ApiToken) { must(w, plane.Client.Delete(w.Context(), w.secretOf(tok))) },
		},
		"taken name": {
			put: func(w *world, tok *v1alpha1.ApiToken) {
				w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "taken"}})
				edit(w, tok, named("taken"))
			},
			lift: func(w *world, tok *v1alpha1.ApiToken) { edit(w, tok, named("free")) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, maxAge("10h"))
			tok := w.token("ci", rotatingEvery("9h", "4h")) // earlier than the policy's: that is no way around it
			first := w.issued(tok)
			issued := w.credentialOf(tok, first).IssuedAt
			obstacle.put(w, tok)
			w.seen(tok)
			w.clock.SetTime(issued.Add(14*time.Hour - 5*time.Minute))
			w.quiet(tok)
			if !w.works(tok, first) {
				t.Fatal("refused before its time")
			}
			w.clock.SetTime(issued.Add(14 * time.Hour))
			for range 2 {
				w.stepUntil(tok, "blocked", func() bool { return !w.works(tok, first) && w.condition(tok, v1alpha1.ConditionActive) != "" })
				w.quiet(tok)
				if c := w.credentialOf(tok, first); c.State != grant.Blocked || c.BlockedReason != tooOld ||
					w.condition(tok, v1alpha1.ConditionActive) != metav1.ConditionFalse || len(w.slots(tok)) != 1 {
					t.Fatalf("%+v, %+v", w.slots(tok), tok.Status.Conditions)
				}
				w.clock.SetTime(w.clock.Now().Add(secretRetry))
			}
			obstacle.lift(w, tok)
			w.seen(tok)
			w.eventually("issued anew", func() bool {
				w.step(w.manager, tok)
				if w.works(tok, first) {
					t.Fatal("the old one is back")
				}
				secret := w.secretOf(tok)
				return secret != nil && w.works(tok, string(secret.Data[keyToken])) && w.reason(tok) == v1alpha1.ReasonIssued
			})
		})
	}
}

// TestSuspendedBeyondMaxAge: what became too old meanwhile does not come back for an overlap.
func TestSuspendedBeyondMaxAge(t *testing.T) {
	w := newWorld(t, maxAge("10h"))
	tok := w.token("ci", func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "720h" })
	first := w.issued(tok)
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = true })
	w.reconcileUntil(tok, "suspended", func() bool { return w.reason(tok) == v1alpha1.ReasonSuspended && !w.works(tok, first) })
	w.clock.SetTime(w.clock.Now().Add(15 * time.Hour))
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = false })
	w.eventually("another credential", func() bool {
		w.step(w.manager, tok)
		if w.works(tok, first) {
			t.Fatal("the old one is back")
		}
		return w.plaintext(tok) != first && w.reason(tok) == v1alpha1.ReasonIssued
	})
	w.quiet(tok)
	if told := w.told(); !w.liveMatches(tok) || !strings.Contains(told, "the age that the policy allows), which has ended") {
		t.Errorf("slots %+v, told %s", w.slots(tok), told)
	}
}

// TestLateLimitKeepsTheOverlap: what works is replaced with an overlap, however old it was when the limit was added.
func TestLateLimitKeepsTheOverlap(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "2h"))
	first := w.issued(tok)
	w.clock.SetTime(w.clock.Now().Add(500 * time.Hour))
	edit(w, w.policy, maxAge("10h"))
	second := w.rotated(tok, first)
	w.quiet(tok)
	if !w.works(tok, first) || !w.works(tok, second) {
		t.Error("workloads were not given the overlap")
	}
}

// TestLeakWithinARename: deleting the Secret ends its credential also if no other can be issued, while the Secret of the earlier
// name is still there.
func TestLeakWithinARename(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "24h"))
	first := w.issued(tok)
	w.quiet(tok)
	edit(w, tok, named("other"))
	w.seen(tok)
	second := w.rotated(tok, first)
	w.quiet(tok)
	w.manager = w.startManager(refuseSecrets(w.namespace))
	must(t, plane.Client.Delete(t.Context(), w.secretOf(tok)))
	w.stepUntil(tok, "refused", func() bool { return w.reason(tok) == v1alpha1.ReasonSecretRefused })
	w.quiet(tok)
	if w.works(tok, first) || w.works(tok, second) || w.condition(tok, v1alpha1.ConditionActive) != metav1.ConditionFalse {
		t.Errorf("slots %+v", w.slots(tok))
	}
}

// TestRenamesWait when too many replaced credentials are accepted: none ends before its time for them.
func TestRenamesWait(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "24h"))
	first := w.issued(tok)
	last := first
	for i := range mostRetiring {
		edit(w, tok, request(strings.Repeat("x", i+1)))
		last = w.rotated(tok, last)
		w.quiet(tok)
	}
	edit(w, tok, named("other"))
	w.seen(tok)
	w.quiet(tok)
	until := w.credentialOf(tok, first).RetireAt
	message := tok.Status.Conditions[0].Message
	if tok.Status.Binding == nil || tok.Status.Binding.Name != "ci" || !w.works(tok, first) || !w.works(tok, last) ||
		len(w.slots(tok)) != mostRetiring+1 || !strings.Contains(message, "stays in Secret ci until") ||
		!strings.Contains(message, until.Format(time.RFC3339)) {
		t.Fatalf("status %+v, slots %+v", tok.Status, w.slots(tok))
	}
	w.clock.SetTime(until.Add(-time.Second))
	if after := w.manager.run(w, tok).RequeueAfter; after <= 0 || after > time.Second {
		t.Errorf("looked at again after %s", after)
	}
	w.clock.SetTime(*until)
	w.rotated(tok, last)
}

// TestNameHandedOn: whoever wants the name of a Secret that another token has left is told when it is free.
func TestNameHandedOn(t *testing.T) {
	w := newWorld(t)
	a, b := w.token("a", rotatingEvery("", "24h")), w.token("b", rotatingEvery("", "24h"))
	first := w.issued(a)
	w.issued(b)
	w.quiet(a)
	edit(w, a, named("z"))
	w.seen(a)
	w.rotated(a, first)
	w.quiet(a)
	edit(w, b, named("a"))
	w.seen(b)
	w.quiet(b)
	until := w.credentialOf(a, first).RetireAt.Format(time.RFC3339)
	if message := b.Status.Conditions[0].Message; w.reason(b) != v1alpha1.ReasonSecretConflict || !strings.Contains(message, until) {
		t.Errorf("%s, want %s in it", message, until)
	}
}
