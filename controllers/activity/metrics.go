// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	metricsPrefix   = "jiratokens_activity_"
	resultMalformed = "malformed"
)

type metrics struct {
	reports, writes *prometheus.CounterVec
}

// newMetrics registers them. Of several managers in one process, as in tests, the first one's gauge stays.
func newMetrics(registerer prometheus.Registerer, oldest func() float64) (*metrics, error) {
	m := &metrics{
		reports: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: metricsPrefix + "reports_total",
			Help: "Gateways' reports of the use of tokens, by result (taken, unauthenticated, forbidden, malformed, busy, error).",
		}, []string{"result"}),
		writes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: metricsPrefix + "writes_total",
			Help: "Reports of a token's use that were to be written to its status, by result (written, later, unsure, unknown, dropped).",
		}, []string{"result"}),
	}
	if registerer == nil {
		return m, nil
	}
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: metricsPrefix + "oldest_unwritten_seconds",
		Help: "For how long the oldest use that gateways report, and that is not written, has been waiting.",
	}, oldest)
	for _, c := range []prometheus.Collector{m.reports, m.writes, waiting} {
		if err := registerer.Register(c); err != nil {
			already, ok := errors.AsType[prometheus.AlreadyRegisteredError](err)
			if !ok {
				return nil, fmt.Errorf("register metrics: %w", err)
			}
			switch c {
			case prometheus.Collector(m.reports):
				m.reports, _ = already.ExistingCollector.(*prometheus.CounterVec)
			case prometheus.Collector(m.writes):
				m.writes, _ = already.ExistingCollector.(*prometheus.CounterVec)
			}
		}
	}
	return m, nil
}
