// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"errors"
	"fmt"
	"testing"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

const crashOverlap = time.Hour

// rotationFlow is a way to have a token's credential replaced. at once: without an overlap.
type rotationFlow struct {
	begin  func(*world, *v1alpha1.ApiToken)
	atOnce bool
}

var rotationFlows = map[string]rotationFlow{
	"on request": {begin: func(w *world, t *v1alpha1.ApiToken) { edit(w, t, request("now")) }},
	"renamed": {begin: func(w *world, t *v1alpha1.ApiToken) {
		edit(w, t, func(t *v1alpha1.ApiToken) { t.Spec.Secret = &v1alpha1.TokenSecret{Name: "other"} })
	}},
	"revoked by the policy": {begin: func(w *world, _ *v1alpha1.ApiToken) {
		w.clock.SetTime(w.clock.Now().Add(time.Minute))
		edit(w, w.policy, revokingAt(w.clock.Now()))
	}, atOnce: true},
}

// TestRotationKilledAtEachWrite kills the manager before and after each write of a rotation. At no time is a token refused
// that a workload has read, but for an old one whose overlap has passed; and nothing is left that nobody holds.
func TestRotationKilledAtEachWrite(t *testing.T) {
	for name, flow := range rotationFlows {
		t.Run(name, func(t *testing.T) {
			n := 0
			for more := true; more; n++ {
				for _, afterwards := range []bool{false, true} {
					more = flow.killOnce(t, n, afterwards)
				}
			}
			if n < 4 {
				t.Fatalf("there were only %d writes", n)
			}
		})
	}
}

// killOnce tells whether there was an n-th write to kill at.
func (f rotationFlow) killOnce(t *testing.T, n int, afterwards bool) (reached bool) {
	t.Helper()
	t.Run(fmt.Sprintf("write %d, afterwards %t", n, afterwards), func(t *testing.T) {
		w := newWorld(t)
		tok := w.token("ci", rotatingEvery("", "1h"))
		first := w.issued(tok)
		w.quiet(tok)
		f.begin(w, tok)
		h := &holder{world: w, token: tok, first: first, overlap: crashOverlap, atOnce: f.atOnce}
		victim := w.startManager(killAt(n, afterwards, &reached))
		w.eventually("killed or done", func() bool {
			result, err := victim.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(tok)})
			if err != nil && !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			h.look()
			if after := result.RequeueAfter; !reached && after > 0 && after <= settleDelay {
				w.clock.SetTime(w.clock.Now().Add(after))
				h.look()
			}
			return reached || h.done()
		})
		w.clock.SetTime(w.clock.Now().Add(10 * time.Minute)) // nobody was there
		h.look()
		w.manager = w.startManager(nil)
		w.eventually("put right by the next manager", func() bool { w.step(w.manager, tok); h.look(); return h.done() })
		w.quiet(tok)
		h.look()
		w.clock.SetTime(h.changed.Add(crashOverlap + pendingFor)) // it may have been written that late, for all the next one knows
		if w.works(tok, first) {
			t.Errorf("the old one is accepted for longer than promised")
		}
		w.stepUntil(tok, "nothing of the old one is left", func() bool {
			w.clock.SetTime(w.clock.Now().Add(retiredKept))
			return w.liveMatches(tok)
		})
	})
	return reached
}

// holder is a workload: it has the first token, and re-reads the Secret.
type holder struct {
	*world

	token   *v1alpha1.ApiToken
	first   string
	overlap time.Duration
	atOnce  bool
	changed time.Time // when the Secret was first seen with another token
}

// look fails if something that the workload can have read is refused.
func (h *holder) look() {
	h.Helper()
	now := h.clock.Now()
	if secret := h.secretOf(h.token); secret != nil {
		held := string(secret.Data[keyToken])
		if h.changed.IsZero() && held != h.first {
			h.changed = now
		}
		if !h.works(h.token, held) && (held != h.first || !h.atOnce) {
			h.Fatalf("the token in the Secret is refused: %+v", h.slots(h.token))
		}
	}
	overlaps := h.changed.IsZero() || now.Before(h.changed.Add(h.overlap))
	if !h.atOnce && overlaps && !h.works(h.token, h.first) {
		h.Fatalf("the old token is refused before its time: %+v", h.slots(h.token))
	}
}

func (h *holder) done() bool {
	h.Helper()
	if h.reason(h.token) != v1alpha1.ReasonIssued || h.token.Status.Credential == nil || h.changed.IsZero() {
		return false
	}
	want := 2
	if h.atOnce {
		want = 1
	}
	return len(h.slots(h.token)) == want && h.token.Status.Credential.ID == idOf(h.plaintext(h.token))
}
