// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/internal/gateway/mirror"
	"github.com/jiratokens/jira-token-operator/internal/gateway/mirror/snapshot"
)

func keyOf(s *corev1.Secret) types.NamespacedName { return client.ObjectKeyFromObject(s) }

// An API that can't be reached takes nothing away, the knowledge grows old, and what was missed comes afterwards.
func TestOutage(t *testing.T) {
	w := newWorld(t)
	stays, goes, comes := credential(1), credential(2), credential(3)
	w.create(t, w.hashSecret(t, stays))
	w.create(t, w.hashSecret(t, goes))
	g := w.start(t)
	eventually(t, "ready", g.Ready)
	eventually(t, "both found", func() bool { return g.has(stays) && g.has(goes) })
	if age := g.Age(w.clock.Now()); age != 0 {
		t.Errorf("age %v right after the list", age)
	}

	w.link.Cut()
	eventually(t, "noticed", func() bool { return g.metric(t, "watch_errors_total") >= 2 })
	w.remove(t, w.hashSecret(t, goes))
	w.create(t, w.hashSecret(t, comes))
	w.clock.SetTime(w.clock.Now().Add(10 * time.Minute))
	// Attempts that fail are no contact, however client-go dresses them up.
	failed := g.metric(t, "watch_errors_total")
	eventually(t, "tried again", func() bool { return g.metric(t, "watch_errors_total") >= failed+6 })
	if !g.has(stays) || !g.has(goes) || !g.Ready() {
		t.Error("the outage took something away")
	}
	if age := g.Age(w.clock.Now()); age != 10*time.Minute {
		t.Errorf("age %v after ten minutes", age)
	}
	if got := g.metric(t, "knowledge_age_seconds"); got != 600 {
		t.Errorf("metric knowledge_age_seconds: %v", got)
	}

	w.link.Mend()
	t.Log("API back → caught up:", eventually(t, "caught up", func() bool {
		return !g.has(goes) && g.has(comes) && g.Age(w.clock.Now()) == 0
	}))
}

// snapshotted runs a gateway until its snapshot has a token, and stops it.
func (w *world) snapshotted(t *testing.T) {
	t.Helper()
	w.create(t, w.hashSecret(t, credential(1)))
	g := w.start(t)
	eventually(t, "found", func() bool { return g.has(credential(1)) && g.Ready() })
	g.stop()
	if got := g.metric(t, "snapshot_writes_total"); got == 0 {
		t.Fatal("no snapshot was written")
	}
	if got := g.metric(t, "snapshot_age_seconds"); got != 0 {
		t.Errorf("metric snapshot_age_seconds: %v", got)
	}
}

func soon(o *mirror.Options) { o.StartupTimeout = 50 * time.Millisecond }

// A gateway that starts while the API is away goes on with the snapshot, and then with the API.
func TestRestartFromSnapshot(t *testing.T) {
	w := newWorld(t)
	w.snapshotted(t)
	w.link.Cut()
	w.clock.SetTime(w.clock.Now().Add(10 * time.Minute))
	g := w.start(t, soon)
	eventually(t, "ready from the snapshot", g.Ready)
	if !g.has(credential(1)) || g.generation() != 1 {
		t.Errorf("the snapshot brought %d tokens and configuration %d", g.table.Len(), g.generation())
	}
	// The fake clock has a monotonic reading, the snapshot has none: they differ by what setting the clock left out.
	if age := g.Age(w.clock.Now()); age < 10*time.Minute || age > 11*time.Minute {
		t.Errorf("age %v does not go on from the snapshot's", age)
	}

	w.remove(t, w.hashSecret(t, credential(1)))
	w.link.Mend()
	eventually(t, "caught up", func() bool { return !g.has(credential(1)) && g.Age(w.clock.Now()) == 0 })
}

// A snapshot that can't be trusted is as good as none.
func TestSnapshotRefused(t *testing.T) {
	for name, spoil := range map[string]func(*testing.T, *world){
		"missing": func(t *testing.T, w *world) {
			t.Helper()
			must(t, os.Remove(filepath.Join(w.dir, snapshot.FileName)))
		},
		"truncated": func(t *testing.T, w *world) {
			t.Helper()
			must(t, os.Truncate(filepath.Join(w.dir, snapshot.FileName), 200))
		},
		"too old":           func(_ *testing.T, w *world) { w.clock.SetTime(w.clock.Now().Add(staleness + time.Second)) },
		"clock set back":    func(_ *testing.T, w *world) { w.clock.SetTime(w.clock.Now().Add(-time.Minute)) },
		"another namespace": func(_ *testing.T, w *world) { w.namespace += "-2" },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.snapshotted(t)
			w.link.Cut()
			spoil(t, w)
			g := w.start(t, soon)
			eventually(t, "noticed", func() bool {
				return g.metric(t, "snapshot_errors_total") == 1 || name == "missing" && g.metric(t, "watch_errors_total") > 2
			})
			if g.Ready() || g.table.Len() != 0 || g.generation() != 0 {
				t.Errorf("used: %d tokens, configuration %d", g.table.Len(), g.generation())
			}
			if age := g.Age(w.clock.Now()); age != math.MaxInt64 {
				t.Errorf("age %v", age)
			}
		})
	}
}

// A configuration that can't be used survives as little as it works: a restart goes back to the last good one.
func TestRestartWithBadConfiguration(t *testing.T) {
	w := newWorld(t)
	w.snapshotted(t)
	bad := w.configSecret(t, 2)
	bad.Data = nil
	must(t, plane.Client.Update(t.Context(), bad))
	g := w.start(t, soon)
	eventually(t, "ready", g.Ready)
	if g.generation() != 1 || !g.has(credential(1)) {
		t.Errorf("configuration %d", g.generation())
	}
}

// The snapshot's time of contact stays current while nothing else changes.
func TestSnapshotStaysCurrent(t *testing.T) {
	w := newWorld(t)
	g := w.start(t)
	eventually(t, "ready", g.Ready)
	eventually(t, "written", func() bool { return g.metric(t, "snapshot_writes_total") > 0 })
	w.clock.SetTime(w.clock.Now().Add(5 * time.Minute))
	if got := g.metric(t, "snapshot_age_seconds"); got < 299 {
		t.Errorf("metric snapshot_age_seconds: %v", got)
	}
	// What confirms everything: a cut and mended link makes both feeds watch again.
	w.link.Cut()
	w.link.Mend()
	eventually(t, "current again", func() bool { return g.metric(t, "snapshot_age_seconds") == 0 })
}
