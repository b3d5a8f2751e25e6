// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
)

// metrics are by policy, of which a cluster has a handful.
type metrics struct {
	refreshes   *prometheus.CounterVec
	confirmedAt *prometheus.GaugeVec
}

const (
	metricsPrefix  = "jiratokens_directory_"
	labelNamespace = "namespace"
	labelPolicy    = "policy"
)

func newMetrics(registerer prometheus.Registerer) *metrics {
	factory := promauto.With(registerer)
	return &metrics{
		refreshes: factory.NewCounterVec(prometheus.CounterOpts{
			Name: metricsPrefix + "refreshes_total",
			Help: "Readings of all groups and owners of a policy from Jira, by result (success, unreachable, refused, error, not_kept).",
		}, []string{labelNamespace, labelPolicy, "result"}),
		confirmedAt: factory.NewGaugeVec(prometheus.GaugeOpts{
			Name: metricsPrefix + "confirmed_timestamp_seconds",
			Help: "When Jira last confirmed all that is known of a policy's groups and owners (Unix time).",
		}, []string{labelNamespace, labelPolicy}),
	}
}

func (m *metrics) refreshed(p *v1alpha1.TokenPolicy, o *outcome) {
	m.refreshes.WithLabelValues(p.Namespace, p.Name, resultOf(o)).Inc()
}

// resultOf names an outcome for the metrics.
func resultOf(o *outcome) string {
	trouble := o.asWhole()
	switch {
	case o.lost:
		return "not_kept"
	case trouble == nil:
		return "success"
	case trouble.reason == v1alpha1.ReasonDirectoryRefused:
		return "refused"
	case trouble.reason == v1alpha1.ReasonDirectoryUnreachable:
		return "unreachable"
	}
	return "error"
}

func (m *metrics) confirmed(p *v1alpha1.TokenPolicy, known *directory.Snapshot) {
	if at := known.OldestAt(); !at.IsZero() {
		m.confirmedAt.WithLabelValues(p.Namespace, p.Name).Set(float64(at.Unix()))
	}
}

func (m *metrics) forget(policy client.ObjectKey) {
	labels := prometheus.Labels{labelNamespace: policy.Namespace, labelPolicy: policy.Name}
	m.refreshes.DeletePartialMatch(labels)
	m.confirmedAt.DeletePartialMatch(labels)
}
