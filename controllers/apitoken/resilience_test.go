// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// TestBlockedAndExpiredIsLeftAlone: the past expiry of a token that is blocked for another reason wakes nobody.
func TestBlockedAndExpiredIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "1h" })
	w.issued(tok)
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = true })
	w.reconcileUntil(tok, "suspended", func() bool { return w.reason(tok) == v1alpha1.ReasonSuspended })
	w.clock.SetTime(w.clock.Now().Add(2 * time.Hour))
	w.eventually("it is left alone", func() bool { return w.manager.run(w, tok).RequeueAfter == 0 })
}

// TestNothingIsIssuedForAnApiTokenThatIsGone, though the cache has it: after a restore of etcd it may be in no backup.
func TestNothingIsIssuedForAnApiTokenThatIsGone(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci")
	w.issued(tok)
	gone := tok.DeepCopy()
	gone.UID = "in-no-backup"
	v, err := w.manager.verdict(t.Context(), gone, nil)
	must(t, err)
	must(t, plane.Client.Delete(t.Context(), w.secretOf(tok)))
	if _, err := w.manager.issue(t.Context(), gone, &v, nil); !errors.Is(err, errUnsettled) {
		t.Errorf("want errUnsettled, got %v", err)
	}
	if n := len(w.slots(gone)); n != 0 {
		t.Errorf("%d credentials", n)
	}
}

// refuseSecrets is an API server that refuses Secrets in one namespace, as a quota or an admission policy does.
func refuseSecrets(namespace string) func(client.Client) client.Client {
	refused := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "ci", errors.New("exceeded quota"))
	return func(c client.Client) client.Client {
		return interceptor.NewClient(watchable{c}, interceptor.Funcs{
			Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
				if o.GetNamespace() == namespace {
					return refused
				}
				return c.Create(ctx, o, opts...)
			},
		})
	}
}

func TestRefusedSecretIsReportedAndLeavesNoSlots(t *testing.T) {
	w := newWorld(t)
	able := w.manager
	w.manager = w.startManager(refuseSecrets(w.namespace))
	tok := w.token("ci")
	for range 20 {
		w.manager.run(w, tok)
	}
	w.reconcileUntil(tok, "the refusal is reported", func() bool { return w.reason(tok) == v1alpha1.ReasonSecretRefused })
	if n := len(w.slots(tok)); n != 0 {
		t.Errorf("%d hash Secrets are left", n)
	}
	if !strings.Contains(tok.Status.Conditions[0].Message, "exceeded quota") ||
		w.condition(tok, v1alpha1.ConditionStalled) != metav1.ConditionTrue {
		t.Errorf("status %+v", tok.Status)
	}
	w.manager = able
	w.issued(tok)
}

func TestImmutableSecretIsReported(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci")
	w.issued(tok)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "ci"}}
	edit(w, secret, func(s *corev1.Secret) { s.Immutable = new(true) })
	must(t, plane.Client.Delete(t.Context(), w.slots(tok)[0].secret))
	w.reconcileUntil(tok, "the refusal is reported", func() bool { return w.reason(tok) == v1alpha1.ReasonSecretRefused })
	for range 10 {
		w.manager.run(w, tok)
	}
	if n := len(w.slots(tok)); n != 0 {
		t.Errorf("%d hash Secrets are left", n)
	}
}

// TestBreakGlassAfterRenewal: a renewed token whose hash Secret was deleted is issued again until its renewed expiry.
func TestBreakGlassAfterRenewal(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "700h" })
	w.issued(tok)
	w.clock.SetTime(w.clock.Now().Add(800 * time.Hour))
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "720h" })
	w.reconcileUntil(tok, "renewed", func() bool { return w.reason(tok) == v1alpha1.ReasonIssued })
	before := w.slots(tok)[0]
	must(t, plane.Client.Delete(t.Context(), before.secret))
	w.reconcileUntil(tok, "issued again", func() bool {
		slots := w.slots(tok)
		return len(slots) == 1 && slots[0].secret.UID != before.secret.UID && w.liveMatches(tok) && w.reason(tok) == v1alpha1.ReasonIssued
	})
	if got, want := w.slots(tok)[0].credential.ExpiresAt, before.credential.ExpiresAt; !got.Equal(*want) {
		t.Errorf("the expiry moved from %s to %s", want, got)
	}
}

// TestPermittedLate: a token that was refused for longer than its lifetime is renewed by editing it.
func TestPermittedLate(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", func(t *v1alpha1.ApiToken) { t.Spec.Owner, t.Spec.Lifetime = "alice", "1h"; t.Spec.Suspend = true })
	w.reconcileUntil(tok, "suspended", func() bool { return w.reason(tok) == v1alpha1.ReasonSuspended })
	w.clock.SetTime(w.clock.Now().Add(2 * time.Hour))
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = false })
	w.reconcileUntil(tok, "expired", func() bool { return w.reason(tok) == v1alpha1.ReasonExpired })
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "2h" })
	w.issued(tok)
}

// TestDefaultLifetimeMovesNobodysExpiry: a policy's default is for tokens that are declared while it stands.
func TestDefaultLifetimeMovesNobodysExpiry(t *testing.T) {
	w := newWorld(t, func(p *v1alpha1.TokenPolicy) {
		p.Spec.Defaults = &v1alpha1.TokenDefaults{Lifetime: "100h"}
		p.Spec.Rules[0].Limits.MaxLifetime = ""
	})
	tok := w.token("ci", func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "" })
	w.issued(tok)
	before := w.slots(tok)[0].credential.ExpiresAt
	edit(w, w.policy, func(p *v1alpha1.TokenPolicy) {
		p.Spec.Defaults = nil
		p.Spec.Jira.PublicURL = "https://seen.example/jira" // to know when the change was seen
	})
	w.reconcileUntil(tok, "the change is seen", func() bool {
		var secret corev1.Secret
		must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(tok), &secret))
		return string(secret.Data[keyURI]) == "https://seen.example/jira"
	})
	if got := w.slots(tok)[0].credential.ExpiresAt; got == nil || !got.Equal(*before) {
		t.Errorf("the expiry moved from %v to %v", before, got)
	}
}

// TestRevokeWithACacheBehind: what the cache has missed is found through the token Secret.
func TestRevokeWithACacheBehind(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci")
	w.issued(tok)
	stale := w.slots(tok)
	for i := range 2 {
		must(t, plane.Client.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "ci"}}))
		w.reconcileUntil(tok, "re-issued", func() bool {
			slots := w.slots(tok)
			return len(slots) == 1 && slots[0].number == i+1 && w.liveMatches(tok)
		})
	}
	must(t, plane.Client.Delete(t.Context(), tok))
	must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(tok), tok))
	must(t, w.manager.revoke(t.Context(), tok, stale))
	if n := len(w.slots(tok)); n != 0 {
		t.Errorf("%d credentials outlive their ApiToken", n)
	}
}

// TestPausedLeadersStatus: a manager that was paused must not write what is no longer so.
func TestPausedLeadersStatus(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci")
	w.issued(tok)
	old, slots := tok.DeepCopy(), w.slots(tok)
	old.Status.Conditions = nil // what it had in its cache
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = true })
	w.reconcileUntil(tok, "suspended", func() bool { return w.reason(tok) == v1alpha1.ReasonSuspended })
	v := &verdict{reason: v1alpha1.ReasonIssued, accepted: true, issue: true}
	if err := w.manager.updateStatus(t.Context(), old, v, slots); !apierrors.IsConflict(err) {
		t.Errorf("the write was taken: %v", err)
	}
}

// TestForeignStatusIsPutRight: whoever else writes a status wakes us.
func TestForeignStatusIsPutRight(t *testing.T) {
	before := &v1alpha1.ApiToken{}
	after := before.DeepCopy()
	after.ResourceVersion = "2"
	if declarationChanged().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}) {
		t.Error("woken by nothing")
	}
	after.Status.Rule = "x"
	if !declarationChanged().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}) {
		t.Error("not woken by a changed status")
	}
}

// TestRenameToATakenNameKeepsTheCredential: the Secret of the former name is still mounted somewhere.
func TestRenameToATakenNameKeepsTheCredential(t *testing.T) {
	w := newWorld(t)
	a, b := w.token("a"), w.token("b")
	w.issued(a)
	w.issued(b)
	edit(w, a, func(t *v1alpha1.ApiToken) { t.Spec.Secret = &v1alpha1.TokenSecret{Name: "b"} })
	w.reconcileUntil(a, "the conflict is reported", func() bool {
		w.reason(a)
		return w.condition(a, v1alpha1.ConditionStalled) == metav1.ConditionTrue
	})
	if s := w.slots(a); len(s) != 1 || s[0].credential.State != grant.Active || w.condition(a, v1alpha1.ConditionActive) != metav1.ConditionTrue {
		t.Errorf("slots %+v, conditions %+v", s, a.Status.Conditions)
	}
	if a.Status.Binding.Name != "a" || !strings.Contains(a.Status.Conditions[0].Message, "belongs to ApiToken b") {
		t.Errorf("status %+v", a.Status)
	}
	if !w.liveMatches(b) {
		t.Error("the other token's credential was touched")
	}
}

// TestNewerVersionIsLeftAlone: after a roll-back, credentials that this version can't read are not issued anew.
func TestNewerVersionIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci")
	first := w.issued(tok)
	hash := w.slots(tok)[0].secret
	edit(w, hash, func(s *corev1.Secret) {
		s.Data[grant.DataKey] = []byte(strings.Replace(string(s.Data[grant.DataKey]), `{"version":1,`, `{"version":2,`, 1))
	})
	w.reconcileUntil(tok, "it is said", func() bool { return w.reason(tok) == v1alpha1.ReasonNewerVersion })
	w.manager.run(w, tok)
	var after corev1.Secret
	must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(hash), &after))
	if after.ResourceVersion != hash.ResourceVersion || w.plaintext(tok) != first || len(w.slots(tok)) != 1 {
		t.Error("something was written")
	}
}

func TestOwnerCredentialMissing(t *testing.T) {
	w := newWorld(t)
	credential := ownerCredential(w.policy.Namespace, "alice")
	must(t, plane.Client.Delete(t.Context(), credential))
	tok := w.token("ci", func(t *v1alpha1.ApiToken) { t.Spec.Owner = "ALICE" })
	w.reconcileUntil(tok, "it is said", func() bool { return w.reason(tok) == v1alpha1.ReasonOwnerCredentialMissing })
	if !w.liveMatches(tok) || w.condition(tok, v1alpha1.ConditionReconciling) != metav1.ConditionTrue {
		t.Errorf("status %+v", tok.Status)
	}
	first := w.plaintext(tok)
	credential.ResourceVersion = ""
	w.create(credential)
	if w.issued(tok) != first {
		t.Error("another credential was issued")
	}
}

func TestNothingNewFromATerminatingPolicy(t *testing.T) {
	w := newWorld(t, func(p *v1alpha1.TokenPolicy) { p.Finalizers = []string{v1alpha1.FinalizerInUse} })
	old := w.token("old")
	w.issued(old)
	must(t, plane.Client.Delete(t.Context(), w.policy))
	late := w.token("late")
	w.reconcileUntil(late, "refused", func() bool { return w.reason(late) == v1alpha1.ReasonTerminating })
	w.manager.run(w, old)
	if w.reason(old) != v1alpha1.ReasonIssued {
		t.Error("a live token stopped before its policy did")
	}
}

// TestCacheHoldsNoPlaintext: the manager's cache keeps digests only, however often an object passes.
func TestCacheHoldsNoPlaintext(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci")
	plaintext := w.issued(tok)
	var cached corev1.Secret
	w.eventually("the cache has the Secret", func() bool {
		return w.manager.Client.Get(t.Context(), client.ObjectKeyFromObject(tok), &cached) == nil
	})
	again, err := TransformSecret(cached.DeepCopy())
	must(t, err)
	for _, secret := range []*corev1.Secret{&cached, again.(*corev1.Secret)} {
		for key, value := range secret.Data {
			if strings.Contains(string(value), plaintext) {
				t.Errorf("plaintext under %s", key)
			}
		}
		if !cachedInOrder(secret, &w.slots(tok)[0], tok, "https://jira-api.example/jira") {
			t.Error("the digests are not those of the Secret")
		}
	}
}

// TestSweepConfirmsLive: a cache that is behind must not revoke a living token.
func TestSweepConfirmsLive(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci")
	w.issued(tok)
	w.eventually("the cache has the hash Secret", func() bool {
		orphans, err := w.manager.hashSecretsOfOthers(t.Context(), client.ObjectKeyFromObject(tok), "")
		must(t, err)
		return len(orphans) == 1
	})
	must(t, w.manager.sweep(t.Context(), client.ObjectKeyFromObject(tok), "")) // as if the ApiToken were not in the cache
	if !w.liveMatches(tok) {
		t.Error("a living token was revoked")
	}
}

// TestDeletingASurplusSlotIsConditional: a slot that was changed since it was read is looked at again.
func TestDeletingASurplusSlotIsConditional(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci")
	w.issued(tok)
	read := w.slots(tok)[0].secret.DeepCopy()
	edit(w, w.slots(tok)[0].secret, func(s *corev1.Secret) { metav1.SetMetaDataAnnotation(&s.ObjectMeta, "x", "y") })
	if err := w.manager.deleteSlot(t.Context(), read, exactly(read)); !apierrors.IsConflict(err) {
		t.Errorf("deleted: %v", err)
	}
}

func TestEventNotesAreBounded(t *testing.T) {
	w := newWorld(t)
	w.manager.event(&v1alpha1.ApiToken{}, corev1.EventTypeWarning, "Long", actionDecide, strings.Repeat("é", 2000))
	if note := <-w.manager.events.Events; len(note) > maxNote+len("Warning Long ") {
		t.Errorf("%d bytes", len(note))
	}
}

// TestRequeueIsOrdered keeps the retry of lost races short and the others long.
func TestRequeueIsOrdered(t *testing.T) {
	lost := apierrors.NewConflict(schema.GroupResource{}, "x", errors.New("changed"))
	result, err := retryConflict(ctrl.Result{}, lost)
	if err != nil || result.RequeueAfter <= 0 || result.RequeueAfter > time.Second {
		t.Errorf("%v %v", result, err)
	}
	if !isDefinite(lost) || !lostRace(lost) {
		t.Error("a conflict is definite, and a lost race")
	}
}

// TestRefusalsQuoteNothing: an admission policy sees, and may quote, the Secret in base64.
func TestRefusalsQuoteNothing(t *testing.T) {
	plaintext := "jat_ABCDEFGHIJKL_abcdefghijklmnopqrstuvwxyz012345678901"
	encoded := base64.StdEncoding.EncodeToString([]byte(plaintext))
	hash, _ := token.HashOf(plaintext).MarshalText()
	err := newWriteError("write Secret dev/ci", errors.New("quota exceeded for "+plaintext+", "+encoded+" and "+string(hash)), plaintext)
	for _, secret := range []string{plaintext, encoded, encoded[:40], strings.TrimPrefix(string(hash), "sha256:")} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q quotes the Secret", err)
		}
	}
	if !strings.Contains(err.Error(), "write Secret dev/ci: quota exceeded for [redacted]") {
		t.Errorf("%q says too little", err)
	}
	if long := newWriteError("x", errors.New(strings.Repeat("long ", 10_000)), ""); len(long.Error()) > maxRefusal+len(" …") {
		t.Errorf("%d bytes", len(long.Error()))
	}
}

// TestWebhookDownLeavesNoSlots: a write that failed for no reason of its own is tried again after a while.
func TestWebhookDownLeavesNoSlots(t *testing.T) {
	w := newWorld(t)
	able := w.manager
	down := apierrors.NewInternalError(errors.New("failed calling webhook"))
	w.manager = w.startManager(func(c client.Client) client.Client {
		return interceptor.NewClient(watchable{c}, interceptor.Funcs{
			Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
				if o.GetNamespace() == w.namespace {
					return down
				}
				return c.Create(ctx, o, opts...)
			},
		})
	})
	tok := w.token("ci")
	w.reconcileUntil(tok, "it is reported", func() bool { return w.reason(tok) == v1alpha1.ReasonSecretRefused })
	for range 10 {
		if after := w.manager.run(w, tok).RequeueAfter; after <= 0 || after > transientRetry {
			t.Errorf("tried again after %s", after)
		}
	}
	if n := len(w.slots(tok)); n != 0 || w.condition(tok, v1alpha1.ConditionActive) != metav1.ConditionFalse {
		t.Errorf("%d hash Secrets are left, conditions %+v", n, tok.Status.Conditions)
	}
	w.manager = able
	w.issued(tok)
}

// TestRefusedRepairKeepsTheCredential: a Secret that still holds the token must not stop it for a cosmetic change.
func TestRefusedRepairKeepsTheCredential(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci")
	first := w.issued(tok)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "ci"}}
	edit(w, secret, func(s *corev1.Secret) { s.Immutable = new(true) })
	edit(w, w.policy, func(p *v1alpha1.TokenPolicy) { p.Spec.Jira.PublicURL = "https://new.example/jira" })
	w.reconcileUntil(tok, "the refusal is reported", func() bool {
		w.reason(tok)
		return w.condition(tok, v1alpha1.ConditionStalled) == metav1.ConditionTrue
	})
	if w.condition(tok, v1alpha1.ConditionActive) != metav1.ConditionTrue || w.slots(tok)[0].credential.State != grant.Active {
		t.Errorf("slots %+v, conditions %+v", w.slots(tok), tok.Status.Conditions)
	}
	edit(w, w.policy, func(p *v1alpha1.TokenPolicy) { p.Spec.Jira.PublicURL = "https://jira-api.example/jira" })
	w.reconcileUntil(tok, "all is well again", func() bool { return w.reason(tok) == v1alpha1.ReasonIssued && w.plaintext(tok) == first })
}

// TestConflictIsNotActive: without a Secret of ours nobody holds the token.
func TestConflictIsNotActive(t *testing.T) {
	w := newWorld(t)
	w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "ci"}})
	tok := w.token("ci", func(t *v1alpha1.ApiToken) { t.Spec.Owner = "alice" })
	must(t, plane.Client.Delete(t.Context(), ownerCredential(w.policy.Namespace, "alice"))) // waiting and refused at once
	w.reconcileUntil(tok, "the conflict is reported", func() bool { return w.reason(tok) == v1alpha1.ReasonSecretConflict })
	if w.condition(tok, v1alpha1.ConditionActive) != metav1.ConditionFalse || w.condition(tok, v1alpha1.ConditionReconciling) != "" {
		t.Errorf("conditions %+v", tok.Status.Conditions)
	}
}

// TestOwnerCredentialWakes: also by the label that is taken off.
func TestOwnerCredentialWakes(t *testing.T) {
	labelled := ownerCredential("ns", "alice")
	bare := labelled.DeepCopy()
	bare.Labels = nil
	p := isOwnerCredential()
	if !p.Update(event.UpdateEvent{ObjectOld: labelled, ObjectNew: bare}) || p.Update(event.UpdateEvent{ObjectOld: bare, ObjectNew: bare}) {
		t.Error("taking the label off goes unnoticed, or everything wakes")
	}
	if p.Create(event.CreateEvent{Object: labelled, IsInInitialList: true}) {
		t.Error("at a start the tokens come themselves")
	}
}
