// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestDeclaredHashAgesOut: whoever has to declare another hash is told ahead of time, once, and not any more when that is done.
func TestDeclaredHashAgesOut(t *testing.T) {
	w := newWorld(t, allowsHashes, maxAge("10h"))
	tok := w.token("ci", declaring(someHash(t)))
	w.accepted(tok)
	accepted := w.slots(tok)[0].credential.IssuedAt
	blocked := accepted.Add(10 * time.Hour)
	if by := tok.Status.Credential.ReplaceBy; by == nil || !by.Time.Equal(blocked) || w.expiring(tok) != nil {
		t.Fatalf("status %+v", tok.Status)
	}
	warned := blocked.Add(-2 * time.Hour) // the last fifth
	w.looksAgainAt(tok, warned)
	w.told()

	w.clock.SetTime(warned)
	w.reconcileUntil(tok, "it is expiring", func() bool { return w.expiring(tok) != nil })
	c := w.expiring(tok)
	if c.Reason != v1alpha1.ReasonHashAgesOut || !strings.Contains(c.Message, blocked.UTC().Format(time.RFC3339)) ||
		!strings.Contains(c.Message, "rule bots allows (limits.maxCredentialAge): make another token and declare its hash before that") {
		t.Errorf("condition %+v", c)
	}
	w.quiet(tok)
	if told := w.told(); strings.Count(told, "Warning Expiring") != 1 {
		t.Errorf("events: %s", told)
	}
	w.looksAgainAt(tok, blocked)

	edit(w, tok, declaring(someHash(t)))
	w.accepted(tok)
	again := w.slots(tok)[0].credential.IssuedAt.Add(10 * time.Hour)
	if by := tok.Status.Credential.ReplaceBy; w.expiring(tok) != nil || by == nil || !by.Time.Equal(again) {
		t.Errorf("another hash was declared: %+v", tok.Status)
	}
	w.clock.SetTime(again)
	w.reconcileUntil(tok, "blocked", func() bool { return w.reason(tok) == v1alpha1.ReasonNotPermitted })
	if w.expiring(tok) != nil || tok.Status.Credential.ReplaceBy != nil {
		t.Errorf("blocked, and still to come: %+v", tok.Status)
	}
}

// TestWhatEndsFirstIsWarnedOf: the expiry of the token, or the age of its hash; if that changes, there is another event.
func TestWhatEndsFirstIsWarnedOf(t *testing.T) {
	w := newWorld(t, allowsHashes)
	tok := w.token("ci", declaring(someHash(t))) // for 24 hours
	w.accepted(tok)
	accepted := w.slots(tok)[0].credential.IssuedAt
	w.clock.SetTime(accepted.Add(21 * time.Hour))
	warnedOf := func(reason string) {
		t.Helper()
		w.reconcileUntil(tok, "warned of "+reason, func() bool { return w.expiring(tok) != nil && w.expiring(tok).Reason == reason })
		w.quiet(tok)
		if told := w.told(); strings.Count(told, "Warning Expiring") != 1 {
			t.Errorf("events: %s", told)
		}
	}
	w.told()
	warnedOf(v1alpha1.ReasonExpiresSoon)
	edit(w, w.policy, maxAge("22h"))
	warnedOf(v1alpha1.ReasonHashAgesOut)
	edit(w, w.policy, maxAge("30h"))
	warnedOf(v1alpha1.ReasonExpiresSoon)
}
