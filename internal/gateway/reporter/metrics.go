// SPDX-License-Identifier: Apache-2.0

package reporter

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/jiratokens/jira-token-operator/internal/activity"
)

const metricsPrefix = "jiratokens_gateway_activity_"

type metrics struct {
	results  *prometheus.CounterVec
	failures prometheus.Counter
}

func newMetrics(registerer prometheus.Registerer, table *activity.Table) *metrics {
	factory := promauto.With(registerer)
	factory.NewGaugeFunc(prometheus.GaugeOpts{
		Name: metricsPrefix + "unreported_tokens", Help: "Tokens whose use is not, or not entirely, reported yet.",
	}, func() float64 { return float64(table.Unreported()) })
	factory.NewCounterFunc(prometheus.CounterOpts{
		Name: metricsPrefix + "lost_total",
		Help: "Requests whose token's use was not counted, since there are too many tokens.",
	}, func() float64 { return float64(table.Lost()) })
	return &metrics{
		results: factory.NewCounterVec(prometheus.CounterOpts{
			Name: metricsPrefix + "results_total",
			Help: "What the manager said of reports of a token's use (written, later, unsure, unknown, dropped).",
		}, []string{"result"}),
		failures: factory.NewCounter(prometheus.CounterOpts{
			Name: metricsPrefix + "report_failures_total", Help: "Attempts to report the use of tokens that came to nothing.",
		}),
	}
}

func (m *metrics) told(result activity.Result) {
	switch result {
	case activity.Written, activity.Later, activity.Unsure, activity.Unknown, activity.Dropped:
		m.results.WithLabelValues(string(result)).Inc()
	}
}
