// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/internal/impersonate"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// Freshness says how old the gateway's knowledge is.
type Freshness interface {
	// Age is the time since the Kubernetes API last confirmed what the gateway knows.
	Age(now time.Time) time.Duration
	// Ready is true once there is something to decide by.
	Ready() bool
}

// Options are what a Handler needs.
type Options struct {
	Grants    Grants
	Freshness Freshness
	Clock     clock.PassiveClock
	// Audit gets one JSON line a request, whole lines only.
	Audit      io.Writer
	Registerer prometheus.Registerer
	Log        logr.Logger
	// BodyIdleTimeout is how long a client may send or read nothing in the middle of a body. Default: one minute.
	BodyIdleTimeout time.Duration
}

// Handler is the request path.
type Handler struct {
	grants    Grants
	freshness Freshness
	clock     clock.PassiveClock
	log       logr.Logger
	idle      time.Duration
	engine    *httputil.ReverseProxy
	metrics   *metrics
	audit     *auditLog
	configure sync.Mutex // one configuration after the other
	settings  atomic.Pointer[Settings]
	draining  atomic.Bool
}

const defaultBodyIdleTimeout = time.Minute

// New makes a handler. It answers 503 until Configure is called. Close it to write the last audit lines.
func New(o Options) *Handler {
	if o.BodyIdleTimeout == 0 {
		o.BodyIdleTimeout = defaultBodyIdleTimeout
	}
	m := newMetrics(o.Registerer)
	return &Handler{
		grants: o.Grants, freshness: o.Freshness, clock: o.Clock, log: o.Log, idle: o.BodyIdleTimeout,
		engine: newEngine(o.Log), metrics: m, audit: newAuditLog(o.Audit, m),
	}
}

// Configure puts settings in place for all requests that begin from now on.
func (h *Handler) Configure(s *Settings) {
	h.configure.Lock()
	defer h.configure.Unlock()
	unused := s.adoptTransport(h.settings.Load())
	h.settings.Store(s)
	for _, warning := range s.warnings {
		h.log.Info("configuration: " + warning)
	}
	if unused != nil {
		unused.CloseIdleConnections()
	}
}

// Drain makes the gateway unready, so that no new connections come. Requests go on being served.
func (h *Handler) Drain() { h.draining.Store(true) }

// Close waits until the audit lines of all finished requests are written, and closes idle connections to Jira.
func (h *Handler) Close() {
	h.audit.close()
	if s := h.settings.Load(); s != nil {
		s.transport.CloseIdleConnections()
	}
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{request: newRequest(r), settings: h.settings.Load(), start: h.clock.Now()}
	response := newResponse(w, h.idle)
	h.metrics.inFlight.Inc()
	defer h.finish(x, response)
	if x.refusal = h.decide(x); x.refusal == nil {
		h.takeBody(x, response, r)
		x.refusal = impersonateOwner(x)
	}
	if x.refusal != nil {
		x.refusal.write(response, r.Method)
		return
	}
	h.engine.ServeHTTP(response, outgoingRequest(r, x))
}

// decide runs the steps that need nothing but the head of the request, in the order of the design.
func (h *Handler) decide(x *exchange) (refusal *Refusal) {
	x.address = x.request.Peer
	if refusal = h.checkKnowledge(x); refusal != nil {
		return refusal
	}
	if refusal = checkBounds(&x.request); refusal != nil {
		return refusal
	}
	if x.segments, refusal = canonicalise(x.settings.contextPath, &x.request); refusal != nil {
		return refusal
	}
	x.address = clientAddress(x.settings.trusted, &x.request)
	if x.credential, refusal = classify(&x.request, x.segments); refusal != nil {
		return refusal
	}
	x.header = strippedHeader(x.request.Header, x.settings.identityHeaders)
	if x.credential.kind == gatewayToken {
		if refusal = checkParameters(x.request.RawQuery, "query"); refusal != nil {
			return refusal
		}
	}
	x.record, x.known, refusal = authenticate(h.grants, x.settings, &x.credential, x.start)
	if refusal != nil {
		return refusal
	}
	x.operation = scope.Classify(x.request.Method, x.segments, x.request.RawQuery)
	return authorise(&x.record, x.address, &x.operation)
}

// checkKnowledge refuses everything while the gateway knows too little to decide.
func (h *Handler) checkKnowledge(x *exchange) *Refusal {
	const soon = 5
	switch {
	case x.settings == nil || !h.freshness.Ready():
		return &Refusal{
			Status: http.StatusServiceUnavailable, Reason: reasonUnconfigured, RetryAfter: soon,
			Message: "the gateway has no configuration yet",
		}
	case h.freshness.Age(x.start) > x.settings.maxStaleness:
		return &Refusal{
			Status: http.StatusServiceUnavailable, Reason: reasonStale, RetryAfter: soon,
			Message: "the gateway has not heard from the Kubernetes API for longer than the policy allows (maxStaleness)",
		}
	}
	return nil
}

// impersonateOwner is step 7, after the last look at what the client sent: a form.
func impersonateOwner(x *exchange) (refusal *Refusal) {
	x.outgoing = impersonate.Outgoing{
		Method: x.request.Method, Path: x.request.Path, RawQuery: x.request.RawQuery, Header: x.header,
	}
	if x.body != nil && isForm(x.header) {
		if x.outgoing.Form, refusal = readForm(x.body, x.request.ContentLength); refusal != nil {
			return refusal
		}
	}
	x.header["X-Forwarded-For"] = []string{x.address.String()}
	x.header["X-Forwarded-Proto"] = []string{x.settings.scheme}
	x.header["X-Forwarded-Host"] = []string{x.settings.host}
	err := x.settings.impersonator.Apply(&x.outgoing, x.record.Owner)
	var missing *impersonate.MissingCredentialError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &missing):
		return impersonationFailure(missing.Error())
	default:
		return impersonationFailure("the gateway could not act as the token's owner; an administrator must look at its impersonation")
	}
}

// takeBody puts the idle time-out on the body.
func (h *Handler) takeBody(x *exchange, w *response, r *http.Request) {
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		return
	}
	w.extend() // the connection may still have the deadline of an earlier answer, and 100 Continue is an answer too
	x.body = &timedBody{ReadCloser: r.Body, control: w.control, idle: h.idle}
	r.Body = x.body
}
