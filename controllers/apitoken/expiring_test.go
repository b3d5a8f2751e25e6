// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestExpiryNext: each look is at the next time when something changes, and there is none after the last.
func TestExpiryNext(t *testing.T) {
	at := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	e := &expiry{at: at, expiring: at.Add(-time.Hour)}
	for name, c := range map[string]struct {
		now, next time.Time
		warned    bool
	}{
		"long before":         {at.Add(-3 * time.Hour), e.expiring, false},
		"just before":         {e.expiring.Add(-time.Nanosecond), e.expiring, false},
		"as it begins":        {e.expiring, at, true},
		"in the last instant": {at.Add(-time.Nanosecond), at, true},
		"as it expires":       {at, time.Time{}, false},
		"long after":          {at.Add(time.Hour), time.Time{}, false},
	} {
		if next, warned := e.next(c.now), e.now(c.now); !next.Equal(c.next) || warned != c.warned {
			t.Errorf("%s: next %s, warned %t", name, next, warned)
		}
	}
	if none := (*expiry)(nil); none.now(at) || !none.next(at).IsZero() {
		t.Error("a token without an expiry expires")
	}
}

// TestExpiring: a token is warned of by time alone, once, and not any more when it has expired or was renewed.
func TestExpiring(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "720h" })
	plaintext := w.issued(tok)
	expires := tok.Status.ExpiresAt.Time
	if w.expiring(tok) != nil {
		t.Fatal("expiring from its birth")
	}
	w.looksAgainAt(tok, expires.Add(-expiringBefore))

	w.clock.SetTime(expires.Add(-expiringBefore))
	w.reconcileUntil(tok, "it is expiring", func() bool { return w.expiring(tok) != nil })
	c := w.expiring(tok)
	if c.Status != metav1.ConditionTrue || c.ObservedGeneration != tok.Generation || c.Reason != v1alpha1.ReasonExpiresSoon ||
		!strings.Contains(c.Message, expires.UTC().Format(time.RFC3339)) || !strings.Contains(c.Message, "spec.lifetime") {
		t.Errorf("condition %+v", c)
	}
	if w.reason(tok) != v1alpha1.ReasonIssued || w.condition(tok, v1alpha1.ConditionReady) != metav1.ConditionTrue {
		t.Errorf("a warning must not take its readiness: %+v", tok.Status.Conditions)
	}
	w.looksAgainAt(tok, expires)
	if told := w.told(); strings.Count(told, "Warning Expiring") != 1 {
		t.Errorf("events: %s", told)
	}

	w.clock.SetTime(expires)
	w.reconcileUntil(tok, "expired", func() bool { return w.reason(tok) == v1alpha1.ReasonExpired })
	if w.expiring(tok) != nil {
		t.Errorf("expired and still expiring: %+v", tok.Status.Conditions)
	}
	if told := w.told(); strings.Count(told, "Expired") != 1 || strings.Contains(told, "Expiring") {
		t.Errorf("events: %s", told)
	}

	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "719h" })
	if w.issued(tok) != plaintext || w.expiring(tok) != nil {
		t.Errorf("renewed: %+v", tok.Status)
	}
	if told := w.told(); strings.Count(told, "Normal Renewed") != 1 {
		t.Errorf("events: %s", told)
	}
}

// TestExpiringMoves: what the policy or the token says of the time takes effect at once.
func TestExpiringMoves(t *testing.T) {
	w := newWorld(t)
	at := metav1.NewTime(w.clock.Now().Add(25 * 24 * time.Hour).Truncate(time.Second))
	tok := w.token("ci", func(t *v1alpha1.ApiToken) { t.Spec.Lifetime, t.Spec.ExpiresAt = "", &at })
	w.issued(tok)
	before := func(d v1alpha1.Lifetime) {
		edit(w, w.policy, func(p *v1alpha1.TokenPolicy) { p.Spec.Monitoring = &v1alpha1.Monitoring{ExpiringBefore: d} })
	}
	w.clock.SetTime(at.Add(-9 * 24 * time.Hour))
	before("240h")
	w.reconcileUntil(tok, "the policy warns earlier", func() bool { return w.expiring(tok) != nil })
	if c := w.expiring(tok); !strings.Contains(c.Message, "set a later spec.expiresAt") {
		t.Error(c.Message)
	}
	before("1h")
	w.reconcileUntil(tok, "the policy warns later", func() bool { return w.expiring(tok) == nil })
	before("240h")
	w.reconcileUntil(tok, "the policy warns earlier again", func() bool { return w.expiring(tok) != nil })
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = true })
	w.reconcileUntil(tok, "suspended", func() bool { return w.reason(tok) == v1alpha1.ReasonSuspended })
	if w.expiring(tok) == nil {
		t.Error("a suspended token expires as well")
	}
	w.looksAgainAt(tok, at.Time)
	w.told()

	earlier := metav1.NewTime(at.Add(-time.Hour))
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.ExpiresAt = &earlier })
	w.reconcileUntil(tok, "it expires sooner", func() bool { return w.reason(tok) != "" && tok.Status.ExpiresAt.Equal(&earlier) })
	if told := w.told(); strings.Contains(told, "Renewed") {
		t.Errorf("events: %s", told)
	}
	later := metav1.NewTime(at.Add(15 * 24 * time.Hour))
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.ExpiresAt, t.Spec.Suspend = &later, false })
	w.reconcileUntil(tok, "it expires later", func() bool { return w.reason(tok) != "" && tok.Status.ExpiresAt.Equal(&later) })
	if told := w.told(); w.expiring(tok) != nil || strings.Count(told, "Normal Renewed") != 1 {
		t.Errorf("condition %+v, events: %s", w.expiring(tok), told)
	}
}

// TestRefusedIsNotExpiring: what was never issued has no expiry to warn of.
func TestRefusedIsNotExpiring(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", func(t *v1alpha1.ApiToken) { t.Spec.Owner = "mallory" })
	w.clock.SetTime(w.clock.Now().Add(23 * time.Hour))
	w.reconcileUntil(tok, "refused", func() bool { return w.reason(tok) == v1alpha1.ReasonNotPermitted })
	if c := w.expiring(tok); c != nil {
		t.Errorf("condition %+v", c)
	}
}

func (w *world) expiring(t *v1alpha1.ApiToken) *metav1.Condition {
	w.Helper()
	w.reason(t)
	return meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionExpiring)
}

// looksAgainAt waits until the manager, with nothing else to do, would look again at that time.
func (w *world) looksAgainAt(t *v1alpha1.ApiToken, at time.Time) {
	w.Helper()
	want := at.Sub(w.clock.Now())
	w.eventually("it looks again at "+at.String(), func() bool { return w.manager.run(w, t).RequeueAfter == want })
}

// told takes the events out.
func (w *world) told() string {
	var out strings.Builder
	for len(w.manager.events.Events) > 0 {
		out.WriteString(<-w.manager.events.Events + "\n")
	}
	return out.String()
}
