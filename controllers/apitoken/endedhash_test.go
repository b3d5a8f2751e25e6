// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// TestEndedHashStaysEnded, whatever becomes of the time that ended it.
func TestEndedHashStaysEnded(t *testing.T) {
	for name, change := range map[string]func(cut time.Time) func(*v1alpha1.TokenPolicy){
		"removed": func(time.Time) func(*v1alpha1.TokenPolicy) {
			return func(p *v1alpha1.TokenPolicy) { p.Spec.RevokeIssuedBefore = nil }
		},
		"set back":         func(cut time.Time) func(*v1alpha1.TokenPolicy) { return revokingAt(cut.Add(-2 * time.Hour)) },
		"in the future":    func(cut time.Time) func(*v1alpha1.TokenPolicy) { return revokingAt(cut.Add(24 * time.Hour)) },
		"in a later start": revokingAt,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, allowsHashes)
			hash := someHash(t)
			tok := w.token("ci", declaring(hash))
			w.accepted(tok)
			cut := w.revokedNow(tok)
			edit(w, w.policy, change(cut))
			w.manager = w.startManager(nil) // its cache has the change
			w.stays(tok, v1alpha1.ReasonHashTooOld, 1)
			c := w.slots(tok)[0].credential
			if c.State != grant.Blocked || !strings.Contains(c.BlockedReason, "make another token and declare its hash") {
				t.Errorf("%+v", c)
			}
		})
	}
}

// TestEndedHashCanNotComeBack by way of another one, or of a token that the operator makes.
func TestEndedHashCanNotComeBack(t *testing.T) {
	for name, detour := range map[string]func(*world, *v1alpha1.ApiToken){
		"another hash": func(w *world, tok *v1alpha1.ApiToken) {
			edit(w, tok, declaring(someHash(w.T)))
			w.accepted(tok)
		},
		"two other hashes": func(w *world, tok *v1alpha1.ApiToken) {
			for range 2 {
				edit(w, tok, declaring(someHash(w.T)))
				w.accepted(tok)
			}
		},
		"another hash that ends as well": func(w *world, tok *v1alpha1.ApiToken) {
			edit(w, tok, declaring(someHash(w.T)))
			w.accepted(tok)
			w.revokedNow(tok)
		},
		"a hash of another ApiToken, and a third one": func(w *world, tok *v1alpha1.ApiToken) {
			taken := someHash(w.T)
			other := w.token("other", declaring(taken))
			w.accepted(other)
			edit(w, tok, declaring(taken))
			w.waitsOrIs(tok, v1alpha1.ReasonHashTaken)
			w.quiet(tok)
			edit(w, tok, declaring(someHash(w.T)))
			w.accepted(tok)
		},
		"a token of the operator": func(w *world, tok *v1alpha1.ApiToken) {
			edit(w, tok, declaring(""))
			w.issued(tok)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, allowsHashes)
			hash := someHash(t)
			tok := w.token("ci", declaring(hash))
			w.accepted(tok)
			w.revokedNow(tok)
			detour(w, tok)
			edit(w, w.policy, func(p *v1alpha1.TokenPolicy) { p.Spec.RevokeIssuedBefore = nil })
			edit(w, tok, declaring(hash))
			w.waitsOrIs(tok, v1alpha1.ReasonHashTooOld)
			w.quiet(tok)
			if slices.ContainsFunc(w.slots(tok), func(s slot) bool { return s.credential.State == grant.Active }) {
				t.Errorf("%+v", w.slots(tok))
			}
			edit(w, tok, declaring(someHash(t)))
			w.accepted(tok)
		})
	}
}

// TestEndedTokenOfTheOperatorIsNotDeclared: whoever kept it can't have it back by its hash.
func TestEndedTokenOfTheOperatorIsNotDeclared(t *testing.T) {
	w := newWorld(t, allowsHashes)
	tok := w.token("ci")
	first := w.issued(tok)
	hash := hashText(t, w.credentialOf(tok, first).Hash)
	w.clock.SetTime(w.clock.Now().Add(time.Hour))
	edit(w, w.policy, revokingAt(w.clock.Now()))
	w.rotated(tok, first)
	edit(w, tok, declaring(hash))
	w.waitsOrIs(tok, v1alpha1.ReasonHashTooOld)
	if w.works(tok, first) {
		t.Error("it works")
	}
}

// TestEndedHashesAreBounded: the latest are kept, and a list that is full is not written again and again.
func TestEndedHashesAreBounded(t *testing.T) {
	var all []string
	for i := range mostEndedHashes + 2 {
		all = append(all, fmt.Sprint("own-", i))
	}
	s := &situation{compiled: &policy.Policy{}, slots: []slot{
		{notes: grant.Notes{EndedHashes: all[:mostEndedHashes]}}, {notes: grant.Notes{EndedHashes: all[1:]}},
	}}
	want := all[2:]
	for range 2 {
		got := s.endedHashes()
		if !slices.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
		for i := range s.slots {
			s.slots[i].notes.EndedHashes = got
		}
	}
}

// revokedNow has the policy end what there is, and waits until it has.
func (w *world) revokedNow(t *v1alpha1.ApiToken) (cut time.Time) {
	w.Helper()
	cut = w.clock.Now().Add(time.Hour).Truncate(time.Second)
	w.clock.SetTime(cut)
	edit(w, w.policy, revokingAt(cut))
	w.reconcileUntil(t, "the policy has ended it", func() bool { return w.reason(t) == v1alpha1.ReasonHashTooOld })
	return cut
}
