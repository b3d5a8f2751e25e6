// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// TestRotationOnRequest: a value of the annotation is handled once, and the one that was there at creation counts as handled.
func TestRotationOnRequest(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "1h"), request("monday"))
	first := w.issued(tok)
	w.quiet(tok)
	w.told()
	expiry := *w.slots(tok)[0].credential.ExpiresAt
	edit(w, tok, request("tuesday"))
	w.stepUntil(tok, "the next credential is there", func() bool { return len(w.slots(tok)) == 2 })
	if s := w.slots(tok); w.plaintext(tok) != first || !w.works(tok, first) || s[1].credential.State != grant.Active {
		t.Fatalf("the Secret was changed before the gateways knew: %+v", s)
	}
	second := w.rotated(tok, first)
	w.quiet(tok)
	old := w.credentialOf(tok, first)
	if !w.works(tok, first) || !w.works(tok, second) || old.RetireAt == nil || old.RetireAt.After(w.clock.Now().Add(time.Hour)) ||
		old.RetireAt.Before(w.clock.Now().Add(time.Hour-2*settleDelay)) {
		t.Errorf("retires at %v, now %s", old.RetireAt, w.clock.Now())
	}
	for _, s := range w.slots(tok) {
		if !s.credential.ExpiresAt.Equal(expiry) {
			t.Errorf("the expiry moved to %s", s.credential.ExpiresAt)
		}
	}
	told, until := w.told(), old.RetireAt.Format(time.RFC3339)
	if strings.Count(told, "Normal Rotated") != 1 || !strings.Contains(told, idOf(first)) || !strings.Contains(told, idOf(second)) ||
		!strings.Contains(told, until) || strings.Contains(told, "Reissued") {
		t.Errorf("told %s", told)
	}
	if got := w.secretOf(tok).Annotations[v1alpha1.AnnotationCredentialID]; got != idOf(second) {
		t.Errorf("the Secret is said to hold %q", got)
	}
	if r := tok.Status.Retiring; len(r) != 1 || r[0].ID != idOf(first) || !r[0].RetiresAt.Time.Equal(*old.RetireAt) {
		t.Errorf("status %+v", r)
	}
	for _, value := range []string{"", "tuesday", "", "tuesday"} { // taken off, re-applied
		edit(w, tok, func(t *v1alpha1.ApiToken) {
			delete(t.Annotations, v1alpha1.AnnotationRotateRequestedAt)
			if value != "" {
				request(value)(t)
			}
		})
		w.seen(tok)
		w.quiet(tok)
		if w.plaintext(tok) != second {
			t.Fatalf("rotated by %q", value)
		}
	}
	edit(w, tok, request(strings.Repeat("x", 10_000)))
	third := w.rotated(tok, second)
	w.quiet(tok)
	if w.plaintext(tok) != third || len(w.slots(tok)) != 3 || !w.works(tok, first) || !w.works(tok, second) {
		t.Errorf("a long value is not handled once: %d slots", len(w.slots(tok)))
	}
}

// TestRotationByAge: each period, a bit earlier, always by the same share; what was replaced ends and goes.
func TestRotationByAge(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("100h", "2h"))
	plaintext := w.issued(tok)
	period := 100*time.Hour - jitter(tok.UID, 100*time.Hour)
	for range 3 {
		issued := w.credentialOf(tok, plaintext).IssuedAt
		if at := tok.Status.Credential.RotatesAt; at == nil || !at.Time.Equal(issued.Add(period)) {
			t.Fatalf("rotates at %v, want %s", at, issued.Add(period))
		}
		w.clock.SetTime(issued.Add(period - time.Second))
		w.eventually("it looks again in time", func() bool { return w.manager.run(w, tok).RequeueAfter == time.Second })
		if w.plaintext(tok) != plaintext {
			t.Fatal("too early")
		}
		w.clock.SetTime(issued.Add(period))
		next := w.rotated(tok, plaintext)
		w.quiet(tok)
		if !w.works(tok, plaintext) || !w.works(tok, next) {
			t.Error("one of both is refused")
		}
		w.clock.SetTime(*w.credentialOf(tok, plaintext).RetireAt)
		w.stepUntil(tok, "the status shows none", func() bool { w.reason(tok); return len(tok.Status.Retiring) == 0 })
		if c := w.credentialOf(tok, plaintext); w.works(tok, plaintext) || c == nil {
			t.Error("the retired one is accepted, or its holder can't be told why it is not")
		}
		w.clock.SetTime(w.clock.Now().Add(retiredKept))
		w.stepUntil(tok, "it is gone", func() bool { return len(w.slots(tok)) == 1 })
		plaintext = next
	}
}

// TestSettledRotationWritesNothing: nor does a manager that has just started.
func TestSettledRotationWritesNothing(t *testing.T) {
	w := newWorld(t, func(p *v1alpha1.TokenPolicy) { p.Spec.Rules[0].Limits.MaxCredentialAge = "700h" })
	tok := w.token("ci", rotatingEvery("168h", "24h"))
	first := w.issued(tok)
	edit(w, tok, request("now"))
	w.rotated(tok, first)
	w.quiet(tok)
	before := w.versions(tok)
	restarted := w.startManager(refuseWrites)
	for range 5 {
		restarted.run(w, tok)
	}
	if after := w.versions(tok); before != after {
		t.Errorf("%s became %s", before, after)
	}
}

// TestRename moves the credential with an overlap, and back.
func TestRename(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "2h"))
	first := w.issued(tok)
	w.quiet(tok)
	former := w.secretOf(tok)
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Secret = &v1alpha1.TokenSecret{Name: "other"} })
	w.stepUntil(tok, "the next credential is there", func() bool { return len(w.slots(tok)) == 2 })
	if w.secretOf(tok) != nil {
		t.Error("the Secret was made before the gateways knew")
	}
	second := w.rotated(tok, first)
	w.quiet(tok)
	if tok.Status.Binding.Name != "other" || !w.works(tok, first) || !w.works(tok, second) || len(w.tokenSecrets(tok)) != 2 {
		t.Fatalf("status %+v, %d Secrets", tok.Status, len(w.tokenSecrets(tok)))
	}
	if told := w.told(); !strings.Contains(told, "Normal Rotated") || strings.Contains(told, "Reissued") {
		t.Errorf("told %s", told)
	}
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Secret = nil }) // back, while the former Secret is still there
	third := w.rotated(tok, first)
	w.quiet(tok)
	if !w.works(tok, first) || !w.works(tok, second) || !w.works(tok, third) || w.secretOf(tok).UID != former.UID {
		t.Error("a credential that somebody may hold ended, or the former Secret was not kept")
	}
	w.clock.SetTime(w.clock.Now().Add(2 * time.Hour))
	w.stepUntil(tok, "the other Secret is gone", func() bool { return len(w.tokenSecrets(tok)) == 1 })
	if w.secretOf(tok) == nil || !w.works(tok, third) || w.works(tok, second) {
		t.Error("the wrong one went")
	}
}

// TestRepairEndsAll: a Secret that was deleted is how a leak is answered: nothing that was issued before goes on.
func TestRepairEndsAll(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "2h"))
	first := w.issued(tok)
	edit(w, tok, request("now"))
	second := w.rotated(tok, first)
	w.quiet(tok)
	must(t, plane.Client.Delete(t.Context(), w.secretOf(tok)))
	third := w.rotated(tok, second)
	w.quiet(tok)
	if !w.liveMatches(tok) || w.works(tok, first) || w.works(tok, second) || !w.works(tok, third) {
		t.Errorf("slots %+v", w.slots(tok))
	}
}

// TestBlockingReachesRetiringCredentials: suspend, deny, a narrowed policy and revoking apply to all that is accepted.
func TestBlockingReachesRetiringCredentials(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "2h"))
	first := w.issued(tok)
	edit(w, tok, request("now"))
	second := w.rotated(tok, first)
	w.quiet(tok)
	for name, c := range map[string]struct{ block, lift func() }{
		"suspended": {
			func() { edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = true }) },
			func() { edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = false }) },
		},
		"denied": {
			func() {
				edit(w, w.policy, func(p *v1alpha1.TokenPolicy) { p.Spec.Deny = &v1alpha1.Deny{Owners: []v1alpha1.JiraUserName{"svc-ci"}} })
			},
			func() { edit(w, w.policy, func(p *v1alpha1.TokenPolicy) { p.Spec.Deny = nil }) },
		},
	} {
		c.block()
		w.stepUntil(tok, name, func() bool { return !w.works(tok, first) && !w.works(tok, second) })
		w.quiet(tok)
		c.lift()
		w.stepUntil(tok, "lifted", func() bool { return w.works(tok, first) && w.works(tok, second) })
		w.quiet(tok)
		if w.plaintext(tok) != second {
			t.Errorf("%s: another credential", name)
		}
	}
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Scopes = []v1alpha1.Scope{"write"} })
	w.stepUntil(tok, "narrowed", func() bool {
		return w.credentialOf(tok, first).Grant.Scopes[0] == "write" && w.credentialOf(tok, second).Grant.Scopes[0] == "write"
	})
	must(t, plane.Client.Delete(t.Context(), tok))
	w.reconcileUntil(tok, "revoked", func() bool { return isGone(w, tok) })
}

// TestRequestWhileSuspended is handled once the token is accepted again; nothing is left of one that was begun.
func TestRequestWhileSuspended(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "2h"))
	first := w.issued(tok)
	edit(w, tok, request("now"))
	w.stepUntil(tok, "begun", func() bool { return len(w.slots(tok)) == 2 })
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = true })
	w.seen(tok)
	w.stepUntil(tok, "suspended", func() bool { return w.reason(tok) == v1alpha1.ReasonSuspended })
	w.quiet(tok)
	if w.plaintext(tok) != first || tok.Status.Credential.ID != idOf(first) {
		t.Errorf("rotated while suspended, or the status says so: %+v", tok.Status)
	}
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = false })
	second := w.rotated(tok, first)
	w.quiet(tok)
	if s := w.slots(tok); len(s) != 2 || !w.works(tok, first) || !w.works(tok, second) {
		t.Errorf("slots %+v", s)
	}
}

// TestOnlySoManyRetire: whoever asks again and again waits until an earlier one has ended.
func TestOnlySoManyRetire(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "100h"))
	last := w.issued(tok)
	for i := range mostRetiring {
		edit(w, tok, request(strings.Repeat("x", i+1)))
		last = w.rotated(tok, last)
		w.quiet(tok)
		w.clock.SetTime(w.clock.Now().Add(time.Hour))
	}
	edit(w, tok, request("one too many"))
	w.quiet(tok)
	if w.plaintext(tok) != last || len(w.slots(tok)) != mostRetiring+1 {
		t.Fatalf("%d slots", len(w.slots(tok)))
	}
	first := w.slots(tok)[0].credential.RetireAt
	if at := tok.Status.Credential.RotatesAt; at == nil || !at.Time.Equal(*first) {
		t.Errorf("rotates at %v, want %s", at, first)
	}
	w.clock.SetTime(*first)
	w.rotated(tok, last)
}

// TestRefusedRotation leaves the old credential working.
func TestRefusedRotation(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "2h"))
	first := w.issued(tok)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "ci"}}
	edit(w, secret, func(s *corev1.Secret) { s.Immutable = new(true) })
	edit(w, tok, request("now"))
	w.stepUntil(tok, "the refusal is reported", func() bool {
		w.reason(tok)
		return w.condition(tok, v1alpha1.ConditionStalled) == metav1.ConditionTrue
	})
	w.quiet(tok)
	if s := w.slots(tok); len(s) != 1 || !w.works(tok, first) || w.condition(tok, v1alpha1.ConditionActive) != metav1.ConditionTrue {
		t.Errorf("slots %+v, conditions %+v", s, tok.Status.Conditions)
	}
	must(t, plane.Client.Delete(t.Context(), secret)) // an immutable Secret has to be deleted
	w.clock.SetTime(w.clock.Now().Add(secretRetry))
	w.rotated(tok, first)
}

// TestUnwantedCredentialGoes: one that was begun and is not wanted any more is taken back by whoever made it, and after a
// while by others.
func TestUnwantedCredentialGoes(t *testing.T) {
	for _, byAnother := range []bool{false, true} {
		w := newWorld(t)
		tok := w.token("ci", rotatingEvery("", "2h"))
		first := w.issued(tok)
		edit(w, tok, request("now"))
		w.stepUntil(tok, "begun", func() bool { return len(w.slots(tok)) == 2 })
		if byAnother {
			w.manager = w.startManager(nil)
		}
		edit(w, tok, func(t *v1alpha1.ApiToken) { delete(t.Annotations, v1alpha1.AnnotationRotateRequestedAt) })
		w.seen(tok)
		w.quiet(tok)
		if byAnother {
			if after := w.manager.run(w, tok).RequeueAfter; after <= 0 || after > abandonedAfter || len(w.slots(tok)) != 2 {
				t.Errorf("looked at again after %s, %d slots", after, len(w.slots(tok)))
			}
			w.clock.SetTime(w.clock.Now().Add(abandonedAfter))
		}
		w.stepUntil(tok, "gone", func() bool { return len(w.slots(tok)) == 1 })
		if w.plaintext(tok) != first || !w.works(tok, first) {
			t.Error("the credential went")
		}
	}
}

// TestTwoManagersRotate: each has begun; the first that writes the Secret has it, and nothing of the other's is left.
func TestTwoManagersRotate(t *testing.T) {
	w := newWorld(t)
	second := w.startManager(nil)
	tok := w.token("ci", rotatingEvery("", "2h"))
	first := w.issued(tok)
	w.quiet(tok)
	edit(w, tok, request("now"))
	w.eventually("both have begun", func() bool {
		for _, m := range []*manager{w.manager, second} {
			if _, _, begun := m.pendings.of(tok.UID, w.slots(tok)); !begun {
				m.run(w, tok)
			}
		}
		return len(w.slots(tok)) == 3
	})
	w.clock.SetTime(w.clock.Now().Add(settleDelay))
	w.eventually("one of them has written", func() bool { w.manager.run(w, tok); second.run(w, tok); return w.plaintext(tok) != first })
	next := w.plaintext(tok)
	w.eventually("the other's is gone", func() bool { second.run(w, tok); w.manager.run(w, tok); return len(w.slots(tok)) == 2 })
	if w.plaintext(tok) != next || !w.works(tok, first) || !w.works(tok, next) {
		t.Errorf("slots %+v", w.slots(tok))
	}
}

// TestRevokeFindsRetiringCredentials with a cache that knows none of them.
func TestRevokeFindsRetiringCredentials(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "2h"))
	last := w.issued(tok)
	for _, value := range []string{"a", "b"} {
		edit(w, tok, request(value))
		last = w.rotated(tok, last)
		w.quiet(tok)
	}
	slots, err := w.manager.liveSlots(t.Context(), tok, nil)
	must(t, err)
	if len(slots) != 3 || slots[2].credential.Hash != token.HashOf(last) {
		t.Errorf("found %+v", slots)
	}
	must(t, plane.Client.Delete(t.Context(), tok))
	must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(tok), tok))
	must(t, w.manager.revoke(t.Context(), tok, nil))
	if n := len(w.slots(tok)); n != 0 {
		t.Errorf("%d credentials outlive their ApiToken", n)
	}
}

// TestStaleRequestIsConfirmed: a manager whose cache has an earlier request, as one that has just started may, does not rotate.
func TestStaleRequestIsConfirmed(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "2h"), request("first"))
	w.issued(tok)
	stale := tok.DeepCopy()
	stale.Annotations[v1alpha1.AnnotationRotateRequestedAt] = "before the first"
	v, err := w.manager.verdict(t.Context(), stale, w.slots(tok))
	must(t, err)
	if _, err := w.manager.issue(t.Context(), stale, &v, w.slots(tok)); !errors.Is(err, errUnsettled) {
		t.Errorf("want errUnsettled, got %v", err)
	}
	if n := len(w.slots(tok)); n != 1 {
		t.Errorf("%d credentials", n)
	}
}

// TestRefusedRename leaves the credential where it is.
func TestRefusedRename(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "2h"))
	first := w.issued(tok)
	w.quiet(tok)
	able := w.manager
	w.manager = w.startManager(refuseSecrets(w.namespace))
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Secret = &v1alpha1.TokenSecret{Name: "other"} })
	w.stepUntil(tok, "the refusal is reported", func() bool {
		w.reason(tok)
		return w.condition(tok, v1alpha1.ConditionStalled) == metav1.ConditionTrue
	})
	w.quiet(tok)
	if s := w.slots(tok); len(s) != 1 || !w.works(tok, first) || tok.Status.Binding == nil || tok.Status.Binding.Name != "ci" ||
		w.condition(tok, v1alpha1.ConditionActive) != metav1.ConditionTrue || len(w.tokenSecrets(tok)) != 1 {
		t.Errorf("slots %+v, status %+v", s, tok.Status)
	}
	w.manager = able
	second := w.rotated(tok, first)
	w.quiet(tok)
	if !w.works(tok, first) || !w.works(tok, second) || tok.Status.Binding.Name != "other" {
		t.Errorf("slots %+v, status %+v", w.slots(tok), tok.Status)
	}
}
