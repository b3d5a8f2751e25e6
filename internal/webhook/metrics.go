// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

// outcome is what became of a request, for metrics.
type outcome string

const (
	outcomeAdmitted  outcome = "admitted"  // with a new stamp
	outcomeKept      outcome = "kept"      // with the stamp that it had
	outcomeWarned    outcome = "warned"    // though the policy does not permit it
	outcomeUndecided outcome = "undecided" // because the decision failed
	outcomeDenied    outcome = "denied"    // by the policy, or because an approver must be somebody else
	outcomeForged    outcome = "forged"    // denied for a stamp that is not ours
	outcomeIgnored   outcome = "ignored"   // nothing that concerns us
	outcomeError     outcome = "error"
)

type handler interface {
	handle(ctx context.Context, request *admission.Request) (admission.Response, outcome)
}

// metrics have labels of fixed sets only.
type metrics struct {
	clock      clock.PassiveClock
	admissions *prometheus.CounterVec
	duration   *prometheus.HistogramVec
}

func newMetrics(registerer prometheus.Registerer, c clock.PassiveClock) *metrics {
	factory := promauto.With(registerer)
	m := &metrics{
		clock: c,
		admissions: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "jiratokens_admissions_total",
			Help: "Requests to the webhook, by kind (ApiToken, TokenApproval), operation (create, update) and outcome " +
				"(admitted, kept, warned, undecided, denied, forged, ignored, error).",
		}, []string{"kind", "operation", "outcome"}),
		duration: factory.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "jiratokens_admission_duration_seconds",
			Help:    "Time that the webhook took, by kind. The API server gives up after 5 seconds.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"kind"}),
	}
	for _, kind := range []string{stamp.KindToken, stamp.KindApproval} {
		for _, failure := range []outcome{outcomeError, outcomeUndecided} { // an increase from nothing to 1 is none to Prometheus
			m.admissions.WithLabelValues(kind, "create", string(failure))
			m.admissions.WithLabelValues(kind, "update", string(failure))
		}
	}
	return m
}

// measured makes a handler of HTTP requests of a handler.
func (m *metrics) measured(kind string, h handler) http.Handler {
	return &admission.Webhook{Handler: admission.HandlerFunc(func(ctx context.Context, r admission.Request) admission.Response {
		begin := m.clock.Now()
		answer, done := h.handle(ctx, &r)
		m.duration.WithLabelValues(kind).Observe(m.clock.Since(begin).Seconds())
		m.admissions.WithLabelValues(kind, operation(r.Operation), string(done)).Inc()
		return answer
	})}
}

func operation(o admissionv1.Operation) string {
	switch o {
	case admissionv1.Create, admissionv1.Update:
		return strings.ToLower(string(o))
	default:
		return "other"
	}
}
