// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gateway/mirror/snapshot"
)

const (
	// idleShare: writing snapshots takes at most one part in so many of the time.
	idleShare = 20
	// retryWrite is how long a failed write waits for the next attempt.
	retryWrite = 10 * time.Second
)

// keeper remembers what the last snapshot said.
type keeper struct {
	changes uint64
	contact time.Time
	next    time.Time // not before
}

// keepSnapshots writes a snapshot soon after changes, and now and then to keep the time of contact current. While the
// API is away there is nothing new to say, and nothing is written.
func (m *Mirror) keepSnapshots(ctx context.Context) {
	if m.opts.SnapshotDir == "" {
		return
	}
	var k keeper
	ticker := time.NewTicker(m.opts.SnapshotDelay)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			if k.changes != m.changes.Load() {
				m.keep(&k)
			}
			return
		case now := <-ticker.C:
			if now.After(k.next) && m.worthKeeping(&k) {
				m.keep(&k)
			}
		}
	}
}

func (m *Mirror) worthKeeping(k *keeper) bool {
	return k.changes != m.changes.Load() || m.lastContact().Sub(k.contact) >= m.opts.SnapshotEvery
}

// lastContact is the contact of the feed that is behind.
func (m *Mirror) lastContact() time.Time {
	hashes, settings := m.hashes.contact.time(), m.settings.contact.time()
	if settings.Before(hashes) {
		return settings
	}
	return hashes
}

func (m *Mirror) keep(k *keeper) {
	if !m.Ready() {
		return
	}
	// Both before the contents: a change in between is written again, and the contents are never older than they say.
	changes, contact := m.changes.Load(), m.lastContact()
	current := m.settings.current.Load()
	var good *snapshot.State
	if current.incomplete {
		good = current.good.state()
	}
	start := time.Now()
	err := snapshot.Write(m.opts.SnapshotDir, &snapshot.Header{
		Namespace: m.opts.Namespace, Policy: m.opts.Policy, PolicyUID: current.config.Policy.UID,
		LastContact: contact.UTC().Round(0), Config: current.raw, Secrets: current.secrets, Good: good,
	}, m.opts.Grants.All)
	took := time.Since(start)
	if err != nil {
		m.metrics.snapshotErrors.Inc()
		m.log.Error(err, "the snapshot can't be written; a restart without the Kubernetes API will find an old one or none")
		k.next = time.Now().Add(retryWrite)
		return
	}
	m.metrics.snapshotWrites.Inc()
	m.confirmed.Store(contact.UnixNano())
	*k = keeper{changes: changes, contact: contact, next: time.Now().Add(idleShare * took)}
}
