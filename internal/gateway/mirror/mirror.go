// SPDX-License-Identifier: Apache-2.0

// Package mirror keeps a gateway's knowledge up to date: what every token grants, the configuration, and the Secrets to
// speak to Jira with. It watches the Secrets of one namespace and keeps a snapshot for a restart without the API.
//
// An error never adds anything: a Secret that can't be read grants nothing, a configuration that can't be used leaves
// the last good one, and one that lacks a Secret is in force but for what it lacks. And an outage takes nothing away: Age
// tells how old the knowledge is, and the request path judges.
package mirror

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/internal/gateway/mirror/snapshot"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// ErrIncomplete is how OnConfig fails if the configuration is in force, but for a part that can't be used and for which
// it goes on with what it made of an earlier configuration, or with nothing.
var ErrIncomplete = errors.New("a part of the configuration can't be used")

// Options configure a Mirror.
type Options struct {
	REST       *rest.Config
	Namespace  string // of the policy, the gateway and all Secrets
	Policy     string // the TokenPolicy's name
	ConfigName string // the configuration Secret's name
	Grants     *grant.Table

	// OnConfig is given every new configuration with all Secrets that carry the policy's label. If it fails, the
	// configuration before stays, except with ErrIncomplete. It is never called twice at a time.
	OnConfig func(*gatewayconfig.Config, []gatewayconfig.Secret) error

	SnapshotDir    string        // none: no snapshots
	SnapshotDelay  time.Duration // at least between two snapshots; default 2s
	SnapshotEvery  time.Duration // at most, to keep the time of contact current; default 30s
	StartupTimeout time.Duration // how long the API is given before the snapshot is used; default 5s
	MaxBackoff     time.Duration // between attempts to reach the API; default 10s

	Clock      clock.PassiveClock // default: the real one
	Registerer prometheus.Registerer
	Log        logr.Logger
}

// Mirror feeds the table of grants and OnConfig from the Kubernetes API.
type Mirror struct {
	opts     Options
	log      logr.Logger
	metrics  *metrics
	hashes   *hashStore
	settings *settingsStore

	changes   atomic.Uint64 // counts what a new snapshot would have to say
	confirmed atomic.Int64  // contact, in Unix nanoseconds, that the snapshot on disk tells of; 0: there is none
}

// New makes a Mirror; Run starts it.
func New(opts Options) (*Mirror, error) {
	if opts.REST == nil || opts.Grants == nil || opts.OnConfig == nil {
		return nil, errors.New("mirror: REST, Grants and OnConfig are needed")
	}
	if opts.Namespace == "" || opts.Policy == "" || opts.ConfigName == "" {
		return nil, errors.New("mirror: namespace, policy and the configuration's name are needed")
	}
	opts.setDefaults()
	if opts.SnapshotDir != "" {
		if err := snapshot.CleanUp(opts.SnapshotDir); err != nil {
			return nil, fmt.Errorf("prepare the directory for snapshots: %w", err)
		}
	}
	m := &Mirror{opts: opts, log: opts.Log}
	m.metrics = newMetrics(m)
	m.hashes = newHashStore(m)
	m.settings = newSettingsStore(m)
	return m, nil
}

func (o *Options) setDefaults() {
	for _, d := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&o.SnapshotDelay, 2 * time.Second},
		{&o.SnapshotEvery, 30 * time.Second},
		{&o.StartupTimeout, 5 * time.Second},
		{&o.MaxBackoff, 10 * time.Second},
	} {
		if *d.value <= 0 {
			*d.value = d.fallback
		}
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Registerer == nil {
		o.Registerer = prometheus.NewRegistry()
	}
}

// Run mirrors until the context ends.
func (m *Mirror) Run(ctx context.Context) error {
	hashes, err := m.reflector(ctx, "hashes", m.hashSelector(), m.hashes, &m.hashes.contact)
	if err != nil {
		return err
	}
	settings, err := m.reflector(ctx, "settings", m.settingsSelector(), m.settings, &m.settings.contact)
	if err != nil {
		return err
	}
	logged := logr.NewContext(ctx, m.log)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { hashes.RunWithContext(logged) })
	wg.Go(func() { settings.RunWithContext(logged) })
	wg.Go(func() { m.settings.run(ctx) })
	wg.Go(func() { m.startup(ctx) })
	wg.Go(func() { m.keepSnapshots(ctx) })
	return nil
}

// Ready tells whether requests can be answered: the grants and a configuration are known. An outage of the API never
// takes that away.
func (m *Mirror) Ready() bool {
	return m.hashes.known.Load() && m.settings.current.Load() != nil
}

// Age is how long ago the API last confirmed what is known, by the feed that is behind. A mirror that knows nothing is
// infinitely old.
func (m *Mirror) Age(now time.Time) time.Duration {
	return max(m.hashes.contact.age(now), m.settings.contact.age(now))
}
