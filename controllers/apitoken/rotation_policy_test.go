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

func revokingAt(at time.Time) func(*v1alpha1.TokenPolicy) {
	return func(p *v1alpha1.TokenPolicy) {
		p.Spec.RevokeIssuedBefore = &metav1.Time{Time: at.Truncate(time.Second)}
	}
}

func maxAge(age v1alpha1.RotationPeriod) func(*v1alpha1.TokenPolicy) {
	return func(p *v1alpha1.TokenPolicy) { p.Spec.Rules[0].Limits.MaxCredentialAge = age }
}

// TestPolicyForcesRotation: whatever the token declares, or if it declares nothing.
func TestPolicyForcesRotation(t *testing.T) {
	for name, declared := range map[string]func(*v1alpha1.ApiToken){
		"nothing declared":   func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "720h" },
		"declared for later": rotatingEvery("700h", "600h"),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, maxAge("10h"))
			tok := w.token("ci", declared)
			first := w.issued(tok)
			w.clock.SetTime(w.credentialOf(tok, first).IssuedAt.Add(10 * time.Hour))
			second := w.rotated(tok, first)
			w.quiet(tok)
			if told := w.told(); !strings.Contains(told, "the age that the policy allows") {
				t.Errorf("told %s", told)
			}
			old := w.credentialOf(tok, first).RetireAt
			if !w.works(tok, first) || !w.works(tok, second) || old.Sub(w.clock.Now()) > 5*time.Hour {
				t.Errorf("the old one is accepted until %s", old)
			}
		})
	}
}

// TestDeclaredPeriodIsTheEarlier of both.
func TestDeclaredPeriodIsTheEarlier(t *testing.T) {
	w := newWorld(t, maxAge("10h"))
	tok := w.token("ci", rotatingEvery("2h", "1h"))
	first := w.issued(tok)
	w.clock.SetTime(w.credentialOf(tok, first).IssuedAt.Add(2 * time.Hour))
	w.rotated(tok, first)
	if told := w.told(); !strings.Contains(told, "spec.rotation.every") {
		t.Errorf("told %s", told)
	}
}

// TestOwnTokenBecomesTooOld: it can't be replaced, so it is blocked, and says so.
func TestOwnTokenBecomesTooOld(t *testing.T) {
	for name, c := range map[string]struct {
		change func(issued time.Time) func(*v1alpha1.TokenPolicy)
		reason string
		after  time.Duration
	}{
		"by the rule": {
			func(time.Time) func(*v1alpha1.TokenPolicy) { return maxAge("10h") }, v1alpha1.ReasonNotPermitted, 10 * time.Hour,
		},
		"by revokeIssuedBefore": {
			func(issued time.Time) func(*v1alpha1.TokenPolicy) { return revokingAt(issued.Add(3 * time.Hour)) },
			v1alpha1.ReasonHashTooOld, 3 * time.Hour,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, allowsHashes)
			tok := w.token("ci", declaring(someHash(t)))
			w.accepted(tok)
			issued := w.slots(tok)[0].credential.IssuedAt
			edit(w, w.policy, c.change(issued))
			w.clock.SetTime(issued.Add(c.after - time.Second))
			w.eventually("it looks again in time", func() bool { return w.manager.run(w, tok).RequeueAfter == time.Second })
			if w.reason(tok) != v1alpha1.ReasonIssued {
				t.Fatal("too early")
			}
			w.clock.SetTime(issued.Add(c.after))
			w.reconcileUntil(tok, "blocked", func() bool { return w.reason(tok) == c.reason })
			blocked := w.slots(tok)[0].credential
			if blocked.State != grant.Blocked || !strings.Contains(blocked.BlockedReason, "make another token and declare its hash") ||
				w.condition(tok, v1alpha1.ConditionReady) != metav1.ConditionTrue {
				t.Errorf("%+v %+v", blocked, tok.Status.Conditions)
			}
			edit(w, tok, declaring(someHash(t)))
			w.accepted(tok)
		})
	}
}

// TestRevokeIssuedBefore replaces at once what was issued before, and nothing else, and once only.
func TestRevokeIssuedBefore(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "100h"))
	first := w.issued(tok)
	edit(w, tok, request("now"))
	second := w.rotated(tok, first)
	w.quiet(tok)
	w.told()
	cut := w.clock.Now().Add(time.Hour).Truncate(time.Second)
	edit(w, w.policy, revokingAt(cut))
	w.eventually("it looks again in time", func() bool {
		after := w.manager.run(w, tok).RequeueAfter
		return after > time.Hour-time.Minute && after <= time.Hour
	})
	if !w.works(tok, first) || !w.works(tok, second) || w.plaintext(tok) != second {
		t.Fatal("a time that is to come counts already")
	}
	w.clock.SetTime(cut)
	third := w.rotated(tok, second)
	w.quiet(tok)
	if !w.liveMatches(tok) || !w.works(tok, third) || w.credentialOf(tok, third).IssuedAt.Before(cut) {
		t.Errorf("slots %+v", w.slots(tok))
	}
	told := w.told()
	if !strings.Contains(told, "Normal Rotated") || !strings.Contains(told, idOf(second)) || !strings.Contains(told, "has ended") {
		t.Errorf("told %s", told)
	}
	w.clock.SetTime(cut.Add(time.Hour))
	w.quiet(tok)
	if w.plaintext(tok) != third {
		t.Error("replaced again")
	}
}

// TestRevokedWhileSuspended: the old credential does not come back.
func TestRevokedWhileSuspended(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "720h" })
	first := w.issued(tok)
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = true })
	w.reconcileUntil(tok, "suspended", func() bool { return w.reason(tok) == v1alpha1.ReasonSuspended })
	w.clock.SetTime(w.clock.Now().Add(time.Hour))
	edit(w, w.policy, revokingAt(w.clock.Now()))
	w.quiet(tok)
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = false })
	w.eventually("another credential", func() bool {
		w.step(w.manager, tok)
		if w.works(tok, first) {
			t.Fatal("the old one is back")
		}
		return w.plaintext(tok) != first && w.reason(tok) == v1alpha1.ReasonIssued
	})
}

// TestRevokedAndRefused: a Secret that can't be written keeps nothing alive that the policy has ended.
func TestRevokedAndRefused(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "720h" })
	first := w.issued(tok)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "ci"}}
	edit(w, secret, func(s *corev1.Secret) { s.Immutable = new(true) })
	w.clock.SetTime(w.clock.Now().Add(time.Hour))
	edit(w, w.policy, revokingAt(w.clock.Now()))
	w.stepUntil(tok, "the refusal is reported", func() bool { return w.reason(tok) == v1alpha1.ReasonSecretRefused && !w.works(tok, first) })
	if w.condition(tok, v1alpha1.ConditionActive) != metav1.ConditionFalse {
		t.Errorf("conditions %+v", tok.Status.Conditions)
	}
}
