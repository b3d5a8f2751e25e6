// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

const (
	metricsPrefix   = "jiratokens_activity_"
	resultMalformed = "malformed"
)

type metrics struct {
	reports, writes *prometheus.CounterVec
}

// newMetrics registers what is counted; a nil registerer takes nothing.
func newMetrics(registerer prometheus.Registerer, oldest func() float64) *metrics {
	factory := promauto.With(registerer)
	factory.NewGaugeFunc(prometheus.GaugeOpts{
		Name: metricsPrefix + "oldest_unwritten_seconds",
		Help: "For how long the oldest use that gateways report, and that is not written, has been waiting.",
	}, oldest)
	return &metrics{
		reports: factory.NewCounterVec(prometheus.CounterOpts{
			Name: metricsPrefix + "reports_total",
			Help: "Gateways' reports of the use of tokens, by result (taken, unauthenticated, forbidden, malformed, busy, error).",
		}, []string{"result"}),
		writes: factory.NewCounterVec(prometheus.CounterOpts{
			Name: metricsPrefix + "writes_total",
			Help: "Reports of a token's use that were to be written to its status, by result (written, later, unsure, unknown, dropped).",
		}, []string{"result"}),
	}
}
