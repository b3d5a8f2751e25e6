// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
)

func crowd(p *pendings, n int, since time.Time) {
	for i := range n {
		p.note(types.UID(fmt.Sprint("other", i)), pending{since: since})
	}
}

func TestCrowded(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		others int
		age    time.Duration
		own    bool
		want   bool
	}{
		"as many as may be":            {mostUnderWay, 0, false, true},
		"one less":                     {mostUnderWay - 1, 0, false, false},
		"what was begun goes on":       {mostUnderWay, 0, true, false},
		"the others' Secrets are down": {mostUnderWay, underWayFor, false, false},
	} {
		var p pendings
		crowd(&p, c.others, now.Add(-c.age))
		if c.own {
			p.note("own", pending{since: now})
		}
		if got := p.crowded("own", now); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestPriority: what was begun comes first; once it is done, or stuck, it does not any more.
func TestPriority(t *testing.T) {
	now := time.Now()
	var p pendings
	if got := p.priority("a", now, false); got != nil {
		t.Errorf("nothing begun: %d", *got)
	}
	p.note("a", pending{since: now})
	if got := p.priority("a", now, false); got == nil || *got <= 0 {
		t.Errorf("begun: %v", got)
	}
	if got := p.priority("a", now.Add(underWayFor), true); got == nil || *got != 0 {
		t.Errorf("stuck: %v", got)
	}
	p.forget("a")
	if got := p.priority("a", now, true); got == nil || *got != 0 {
		t.Errorf("done: %v", got)
	}
}

// TestHeldBack: a token whose rotation has to wait costs no request to the API server, and rotates later.
func TestHeldBack(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("100h", "2h"))
	first := w.issued(tok)
	w.quiet(tok)
	w.clock.SetTime(w.clock.Now().Add(100 * time.Hour))
	crowd(&w.manager.pendings, mostUnderWay, w.clock.Now())
	live := w.manager.Live
	w.manager.Live = nil // a read would be a panic
	w.quiet(tok)
	after := w.manager.run(w, tok).RequeueAfter
	if after < heldBackFor || after > 3*heldBackFor || len(w.slots(tok)) != 1 || !w.works(tok, first) {
		t.Errorf("looked at again after %s, slots %+v", after, w.slots(tok))
	}
	w.manager.Live = live
	w.clock.SetTime(w.clock.Now().Add(after))
	var next *int
	w.eventually("begun", func() bool { next = w.manager.run(w, tok).Priority; return len(w.slots(tok)) == 2 })
	if next == nil || *next != writeFirst {
		t.Errorf("it does not come first: %v", next)
	}
	w.rotated(tok, first)
}

// TestWebhookDownLeavesLittle: writes that fail without an answer, for as long as they like, leave few hash Secrets.
func TestWebhookDownLeavesLittle(t *testing.T) {
	w := newWorld(t)
	w.manager = w.startManager(onSecretWrites(func(s *corev1.Secret) error {
		if s.Namespace == w.namespace {
			return apierrors.NewInternalError(errKilled)
		}
		return nil
	}, nil))
	tok := w.token("ci", rotatingEvery("100h", "2h"))
	first := w.issued(tok)
	w.quiet(tok)
	w.clock.SetTime(w.clock.Now().Add(100 * time.Hour))
	for end := w.clock.Now().Add(10 * abandonedAfter); w.clock.Now().Before(end); w.clock.SetTime(w.clock.Now().Add(transientRetry)) {
		w.step(w.manager, tok)
		w.step(w.manager, tok)
	}
	if n, most := len(w.slots(tok)), 2+int(abandonedAfter/pendingFor)+1; n > most || !w.works(tok, first) {
		t.Errorf("%d hash Secrets, want at most %d", n, most)
	}
}
