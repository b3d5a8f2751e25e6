// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

const metricsPrefix = "jiratokens_gateway_"

type metrics struct {
	watchErrors, configErrors, snapshotErrors, snapshotWrites prometheus.Counter
	configGeneration, configCurrent                           prometheus.Gauge
}

func newMetrics(m *Mirror) *metrics {
	factory := promauto.With(m.opts.Registerer)
	counter := func(name, help string) prometheus.Counter {
		return factory.NewCounter(prometheus.CounterOpts{Name: metricsPrefix + name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return factory.NewGauge(prometheus.GaugeOpts{Name: metricsPrefix + name, Help: help})
	}
	measured := func(name, help string, read func() float64) {
		factory.NewGaugeFunc(prometheus.GaugeOpts{Name: metricsPrefix + name, Help: help}, read)
	}
	measured("tokens", "Credentials in the table.", func() float64 { return float64(m.opts.Grants.Len()) })
	measured("refused_secrets", "Hash Secrets that grant nothing: damaged, of another version, or a duplicate.",
		func() float64 { return float64(m.hashes.count.Load()) })
	measured("knowledge_age_seconds", "Time since the Kubernetes API last confirmed what the gateway knows.",
		func() float64 { return seconds(m.Age(m.opts.Clock.Now())) })
	measured("snapshot_age_seconds", "Time since the contact with the Kubernetes API that the snapshot tells of.",
		func() float64 { return seconds(m.snapshotAge()) })
	return &metrics{
		watchErrors:      counter("watch_errors_total", "Failed attempts to list or watch Secrets."),
		configErrors:     counter("config_errors_total", "Configurations that could not be used."),
		snapshotErrors:   counter("snapshot_errors_total", "Snapshots that could not be written or used."),
		snapshotWrites:   counter("snapshot_writes_total", "Snapshots written."),
		configGeneration: gauge("config_generation", "The TokenPolicy's generation of the configuration in use."),
		configCurrent:    gauge("config_current", "1 if the newest configuration is in use, 0 if it can't be used."),
	}
}

func (m *Mirror) snapshotAge() time.Duration {
	at := m.confirmed.Load()
	if at == 0 {
		return never
	}
	return max(0, m.opts.Clock.Since(time.Unix(0, at)))
}

func seconds(d time.Duration) float64 {
	if d == never {
		return math.Inf(1)
	}
	return d.Seconds()
}
