// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics have labels of fixed sets only: nothing that a client can choose.
type metrics struct {
	requests      *prometheus.CounterVec
	latency       *prometheus.HistogramVec
	upstream      *prometheus.HistogramVec
	responses     *prometheus.CounterVec
	inFlight      prometheus.Gauge
	bytes         *prometheus.CounterVec
	leaked        prometheus.Counter
	impersonation prometheus.Counter
	accessTokens  prometheus.Counter
	auditDropped  prometheus.Counter
	personal      *prometheus.CounterVec
	rateStore     *prometheus.CounterVec

	storeAvailable    prometheus.Gauge
	certificateExpiry prometheus.Gauge
	handshakeErrors   prometheus.Counter
	maxStaleness      prometheus.Gauge
}

const metricsPrefix = "jiratokens_gateway_"

var latencyBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}

// newMetrics registers what is counted; a nil registerer takes nothing.
func newMetrics(registerer prometheus.Registerer) *metrics {
	factory := promauto.With(registerer)
	counter := func(name, help string) prometheus.Counter {
		return factory.NewCounter(prometheus.CounterOpts{Name: metricsPrefix + name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return factory.NewGauge(prometheus.GaugeOpts{Name: metricsPrefix + name, Help: help})
	}
	vector := func(name, help string, labels ...string) *prometheus.CounterVec {
		return factory.NewCounterVec(prometheus.CounterOpts{Name: metricsPrefix + name, Help: help}, labels)
	}
	durations := func(name, help string, labels ...string) *prometheus.HistogramVec {
		return factory.NewHistogramVec(prometheus.HistogramOpts{
			Name: metricsPrefix + name, Help: help, Buckets: latencyBuckets,
		}, labels)
	}
	m := &metrics{
		requests: vector("requests_total",
			"Requests, by decision (allowed, audit, refused, failed) and reason.", "decision", "reason"),
		latency: durations("request_duration_seconds",
			"Time from a request's head to the end of its answer, by decision.", "decision"),
		upstream:  durations("upstream_duration_seconds", "Time until Jira's answer began."),
		responses: vector("upstream_responses_total", "Jira's answers, by class of status (2xx, 3xx, 4xx, 5xx).", "class"),
		inFlight:  gauge("requests_in_flight", "Requests that are being served."),
		bytes:     vector("body_bytes_total", "Bytes of bodies, by direction (received, sent), as seen from clients.", "direction"),
		leaked:    counter("leaked_tokens_total", "Requests that carried a token where none belongs, such as a URL."),
		impersonation: counter("impersonation_failures_total",
			"Requests that the gateway could not make, or that Jira did not take, as the token's owner's."),
		accessTokens: counter("access_token_failures_total",
			"Attempts to fetch an access token for the service account that came to nothing."),
		certificateExpiry: gauge("tls_certificate_expiry_timestamp_seconds",
			"When the certificate that clients are shown expires, in seconds since 1970; 0 without one."),
		handshakeErrors: counter("tls_handshake_errors_total", "Connections of clients that ended within the TLS handshake."),
		auditDropped:    counter("audit_lines_dropped_total", "Audit lines that could not be written in time."),
		personal: vector("personal_total", "Requests with personal credentials or none, by class and outcome (allowed, exempt, "+
			"audit: let through, though it would be refused, refused). Only if the policy has personalCredentials.", "class", "outcome"),
		rateStore: vector("rate_limit_store_requests_total", "Requests that the store for rate limits was to count, by outcome "+
			"(counted, remembered: refused as it said a moment ago; by the replica's own count: error, away).", "outcome"),
		storeAvailable: gauge("rate_limit_store_available",
			"0 while the store for rate limits is away and each replica counts its share; 1 otherwise, also without a store."),
		maxStaleness: gauge("max_staleness_seconds",
			"How old the gateway's knowledge may become before it refuses every token; 0 before it is configured."),
	}
	m.upstream.WithLabelValues() // its series is there from the start
	m.setStoreAvailable(true)
	return m
}

// measure registers what is read of the handler when it is asked for.
func (h *Handler) measure(registerer prometheus.Registerer) {
	promauto.With(registerer).NewGaugeFunc(prometheus.GaugeOpts{
		Name: metricsPrefix + "ready", Help: "1 while the gateway takes new connections, as /readyz says; 0 otherwise.",
	}, func() float64 {
		if h.unready() != "" {
			return 0
		}
		return 1
	})
	if registerer != nil {
		registerer.MustRegister(h.tokenUse)
	}
}

func (m *metrics) setStoreAvailable(is bool) {
	value := 0.0
	if is {
		value = 1
	}
	m.storeAvailable.Set(value)
}

func (m *metrics) observe(x *exchange, o outcome, elapsed time.Duration, received, sent int64) {
	m.requests.WithLabelValues(o.decision, o.reason).Inc()
	m.latency.WithLabelValues(o.decision).Observe(elapsed.Seconds())
	if x.upstreamStatus != 0 {
		m.upstream.WithLabelValues().Observe(x.upstream.Seconds())
		m.responses.WithLabelValues(statusClass(x.upstreamStatus)).Inc()
	}
	m.bytes.WithLabelValues("received").Add(float64(received))
	m.bytes.WithLabelValues("sent").Add(float64(sent))
	if x.personal.class != "" {
		m.personal.WithLabelValues(string(x.personal.class), x.personal.outcome).Inc()
	}
	switch o.reason {
	case reasonLeaked:
		m.leaked.Inc()
	case reasonIdentity:
		m.impersonation.Inc()
	}
}
