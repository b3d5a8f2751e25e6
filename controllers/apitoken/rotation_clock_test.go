// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestClockJumpsOverTheExpiry: a manager whose clock is ahead reports the token as expired and takes nothing away; the
// gateways go on by their own clocks.
func TestClockJumpsOverTheExpiry(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("100h", "2h"), func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "200h" })
	first := w.issued(tok)
	right := w.clock.Now()
	edit(w, tok, request("now"))
	second := w.rotated(tok, first)
	w.quiet(tok)
	w.clock.SetTime(right.Add(300 * time.Hour))
	w.reconcileUntil(tok, "expired", func() bool { return w.reason(tok) == v1alpha1.ReasonExpired })
	w.quiet(tok)
	if !w.worksAt(tok, second, right.Add(time.Hour)) || w.worksAt(tok, second, right.Add(201*time.Hour)) {
		t.Error("the current credential died early, or lives on")
	}
	w.clock.SetTime(right.Add(time.Hour))
	w.quiet(tok)
	if w.reason(tok) != v1alpha1.ReasonIssued || w.plaintext(tok) != second {
		t.Errorf("%s, another credential: %v", w.reason(tok), w.plaintext(tok) != second)
	}
}

// TestClockJumpsWithinAnHour ends no retiring credential early: its hash Secret stays for that long.
func TestClockJumpsWithinAnHour(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "2h"))
	first := w.issued(tok)
	edit(w, tok, request("now"))
	w.rotated(tok, first)
	w.quiet(tok)
	until := *w.credentialOf(tok, first).RetireAt
	w.clock.SetTime(until.Add(retiredKept - time.Minute))
	w.quiet(tok)
	w.clock.SetTime(until.Add(-time.Minute))
	w.quiet(tok)
	if !w.works(tok, first) || w.worksAt(tok, first, until) {
		t.Error("it died early, or lives on")
	}
}

// TestClockGoesBackOverARotation: the credential that was issued in the future is replaced, for its age is not known, and
// what it replaced ends no later than an overlap from now.
func TestClockGoesBackOverARotation(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("100h", "2h"))
	first := w.issued(tok)
	right := w.clock.Now()
	w.clock.SetTime(right.Add(500 * time.Hour))
	second := w.rotated(tok, first)
	w.quiet(tok)
	w.clock.SetTime(right.Add(time.Minute))
	third := w.rotated(tok, second)
	w.quiet(tok)
	now := w.clock.Now()
	for _, plaintext := range []string{first, second} {
		if !w.works(tok, plaintext) || w.worksAt(tok, plaintext, now.Add(2*time.Hour)) {
			t.Errorf("it died early, or is accepted for more than the overlap: %+v", w.credentialOf(tok, plaintext))
		}
	}
	if next := tok.Status.Credential.RotatesAt; next == nil || next.After(now.Add(100*time.Hour)) {
		t.Errorf("rotates at %v", next)
	}
	w.clock.SetTime(now.Add(-time.Minute)) // as clocks of two managers differ
	w.quiet(tok)
	if w.plaintext(tok) != third {
		t.Error("a small difference rotates")
	}
}

// TestShorterOverlapCountsAtOnce, and a longer one revives nothing.
func TestShorterOverlapCountsAtOnce(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "100h"))
	first := w.issued(tok)
	edit(w, tok, request("now"))
	w.rotated(tok, first)
	w.quiet(tok)
	set := func(overlap v1alpha1.RotationOverlap) {
		edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Rotation.Overlap = overlap })
		w.seen(tok)
		w.quiet(tok)
	}
	set("1h")
	until := *w.credentialOf(tok, first).RetireAt
	if until.After(w.clock.Now().Add(time.Hour)) {
		t.Errorf("accepted until %s", until)
	}
	set("200h")
	if got := w.credentialOf(tok, first).RetireAt; !got.Equal(until) {
		t.Errorf("accepted until %s, it was %s", got, until)
	}
}

// TestRetiresWithTheToken if that expires first.
func TestRetiresWithTheToken(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "100h"), func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "10h" })
	first := w.issued(tok)
	edit(w, tok, request("now"))
	w.rotated(tok, first)
	w.quiet(tok)
	c := w.credentialOf(tok, first)
	if !c.RetireAt.Equal(*c.ExpiresAt) || w.condition(tok, v1alpha1.ConditionReady) != metav1.ConditionTrue {
		t.Errorf("retires at %s, expires at %s", c.RetireAt, c.ExpiresAt)
	}
}
