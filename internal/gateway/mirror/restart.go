// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gateway/mirror/snapshot"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// startup gives the API its time and then fills what is still missing from the snapshot. The feeds go on trying, and
// what they bring takes the snapshot's place.
func (m *Mirror) startup(ctx context.Context) {
	deadline := time.NewTimer(m.opts.StartupTimeout)
	defer deadline.Stop()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for !m.Ready() {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		case <-deadline.C:
			m.restore()
			return
		}
	}
	m.log.Info("ready", "tokens", m.opts.Grants.Len())
}

func (m *Mirror) restore() {
	if m.opts.SnapshotDir == "" {
		m.log.Info("the Kubernetes API does not answer, and there is no directory for snapshots; waiting for it")
		return
	}
	header, builder, err := m.readSnapshot()
	if err == nil {
		err = m.takeOver(header, builder)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		m.log.Info("the Kubernetes API does not answer, and there is no snapshot; waiting for it")
	case err != nil:
		m.metrics.snapshotErrors.Inc()
		m.log.Error(err, "the snapshot can't be used; waiting for the Kubernetes API")
	default:
		m.log.Info("the Kubernetes API does not answer: ready with a snapshot", "tokens", m.opts.Grants.Len(),
			"lastContact", header.LastContact, "age", m.Age(m.opts.Clock.Now()).String())
	}
}

// readSnapshot reads all of it before anything is used.
func (m *Mirror) readSnapshot() (*snapshot.Header, *grant.Builder, error) {
	var header *snapshot.Header
	builder := grant.NewBuilder()
	accept := func(h *snapshot.Header) error {
		header = h
		config, err := gatewayconfig.Decode(h.Config)
		if err != nil {
			return err
		}
		if config.Policy.UID != h.PolicyUID {
			return errors.New("snapshot has the configuration of another policy")
		}
		return h.Check(m.opts.Namespace, m.opts.Policy, m.opts.Clock.Now(), config.MaxStaleness.Duration)
	}
	// The names of the objects are not known, nor needed: the first list from the API replaces all.
	each := func(c *grant.Credential) error {
		return builder.Add(fmt.Sprintf("snapshot/%x", c.Hash[:]), c)
	}
	if err := snapshot.Read(m.opts.SnapshotDir, accept, each); err != nil {
		return nil, nil, err
	}
	return header, builder, nil
}

// takeOver uses a snapshot for what the API has not told meanwhile.
func (m *Mirror) takeOver(header *snapshot.Header, builder *grant.Builder) error {
	if err := m.settings.restore(header); err != nil {
		return err
	}
	m.settings.contact.restore(header.LastContact)
	m.hashes.mu.Lock()
	defer m.hashes.mu.Unlock()
	if m.hashes.synced {
		return nil
	}
	m.opts.Grants.Replace(builder)
	m.hashes.contact.restore(header.LastContact)
	m.hashes.known.Store(true)
	m.confirmed.Store(header.LastContact.UnixNano())
	return nil
}
