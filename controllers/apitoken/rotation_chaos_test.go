// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestRotationAmongTwoManagers: two managers at once, of which one is killed at any write and replaced, while somebody asks
// for credentials and renames the Secret. What workloads hold works for as long as promised and no longer.
func TestRotationAmongTwoManagers(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "1h"))
	w.issued(tok)
	w.quiet(tok)
	second := w.manager
	held := &holdings{world: w, token: tok, until: map[string]time.Time{}}
	for round := range 12 {
		var killed bool
		first := w.startManager(killAt(random.IntN(5), random.IntN(2) == 0, &killed))
		if random.IntN(3) == 0 {
			edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Secret = &v1alpha1.TokenSecret{Name: fmt.Sprintf("name-%d", round)} })
		} else {
			edit(w, tok, request(fmt.Sprint(round)))
		}
		before := tok.Status.Credential.ID
		w.eventually("rotated", func() bool {
			m := []*manager{first, second}[random.IntN(2)]
			if killed {
				m = second
			}
			result, err := m.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(tok)})
			if err != nil && !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			held.look()
			if after := result.RequeueAfter; after > 0 && after <= settleDelay {
				w.clock.SetTime(w.clock.Now().Add(after))
				held.look()
			}
			return w.reason(tok) == v1alpha1.ReasonIssued && tok.Status.Credential.ID != before && w.secretOf(tok) != nil &&
				tok.Status.Credential.ID == idOf(w.plaintext(tok))
		})
		w.quiet(tok)
		held.look()
		w.clock.SetTime(w.clock.Now().Add(time.Duration(10+random.IntN(40)) * time.Minute))
		held.look()
	}
	w.clock.SetTime(w.clock.Now().Add(time.Hour))
	held.look()
	w.clock.SetTime(w.clock.Now().Add(retiredKept))
	w.stepUntil(tok, "only the current one is left", func() bool { return w.liveMatches(tok) })
	if len(held.until) < 12 {
		t.Errorf("only %d credentials were replaced", len(held.until))
	}
}

// holdings are the tokens that workloads may have read, and until when the ones that were replaced are promised to work.
type holdings struct {
	*world

	token   *v1alpha1.ApiToken
	current string
	until   map[string]time.Time
}

func (h *holdings) look() {
	h.Helper()
	now := h.clock.Now()
	for _, secret := range h.tokenSecrets(h.token) {
		read := string(secret.Data[keyToken])
		if _, replaced := h.until[read]; replaced || read == h.current {
			continue
		}
		if h.current != "" {
			h.until[h.current] = now.Add(time.Hour)
		}
		h.current = read
	}
	if !h.works(h.token, h.current) {
		h.Fatalf("the token in the Secret is refused: %+v", h.slots(h.token))
	}
	for plaintext, until := range h.until {
		if works := h.works(h.token, plaintext); works != now.Before(until.Truncate(time.Second)) &&
			(now.Before(until.Add(-2*settleDelay)) || !now.Before(until.Add(pendingFor))) { // that late, if a manager was killed
			h.Fatalf("%s is accepted: %t, at %s before its end", idOf(plaintext), works, until.Sub(now))
		}
	}
}
