// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"io"
	"net/http"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/internal/activity"
	"github.com/jiratokens/jira-token-operator/internal/gateway/inflight"
	"github.com/jiratokens/jira-token-operator/internal/gateway/ratelimit"
	"github.com/jiratokens/jira-token-operator/internal/personaluse"
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
	// StoreTimeout is how long a request waits for the store for rate limits. Default: 50 ms.
	StoreTimeout time.Duration
	// Activity counts the use of tokens, if the policy wants that; nil: it is not counted.
	Activity *activity.Table
}

// Handler is the request path.
type Handler struct {
	grants     Grants
	freshness  Freshness
	clock      clock.PassiveClock
	log        logr.Logger
	idle       time.Duration
	storeTime  time.Duration
	engine     *httputil.ReverseProxy
	metrics    *metrics
	audit      *auditLog
	unproved   unprovedLog
	suppressed suppressedLog
	limiter    *ratelimit.Limiter
	inFlight   inflight.Limiter
	perToken   inflight.Tokens
	personal   atomic.Int64 // requests without a token of ours in progress
	failures   *failureLimit
	guesses    guessLimits
	uses       *personaluse.Table
	activity   *activity.Table // nil: none
	tokenUse   *tokenUse
	closed     chan struct{}
	stop       func()     // ends what runs beside the requests
	configure  sync.Mutex // one configuration after the other
	settings   atomic.Pointer[Settings]
	draining   atomic.Bool
}

const defaultBodyIdleTimeout = time.Minute

// New makes a handler. It answers 503 until Configure is called. Close it to write the last audit lines.
func New(o Options) *Handler {
	if o.BodyIdleTimeout == 0 {
		o.BodyIdleTimeout = defaultBodyIdleTimeout
	}
	m := newMetrics(o.Registerer)
	closed := make(chan struct{})
	h := &Handler{
		grants: o.Grants, freshness: o.Freshness, clock: o.Clock, log: o.Log, idle: o.BodyIdleTimeout, storeTime: o.StoreTimeout,
		engine: newEngine(o.Log), metrics: m, audit: newAuditLog(o.Audit, m), limiter: ratelimit.New(),
		failures: newFailureLimit(o.Clock.Now()), uses: personaluse.NewTable(o.Clock.Now()),
		guesses: newGuessLimits(o.Clock.Now()), activity: o.Activity, tokenUse: newTokenUse(o.Grants),
		closed: closed,
		stop:   sync.OnceFunc(func() { close(closed) }),
	}
	h.measure(o.Registerer)
	go h.limiter.Run(closed, o.Clock)
	go h.reportSuppressed(closed, o.Clock)
	return h
}

// Configure puts settings in place for all requests that begin from now on. What they lack is taken from those before, if
// it can be.
func (h *Handler) Configure(s *Settings) {
	h.configure.Lock()
	defer h.configure.Unlock()
	before := h.settings.Load()
	s.keepWhatWorked(before, h.clock.Now())
	s.secure(before)
	h.metrics.certificateExpiry.Set(s.tls.expiry())
	h.metrics.maxStaleness.Set(s.maxStaleness.Seconds())
	h.tokenUse.count(s.perTokenMetrics)
	unused, unusedStore := s.adoptTransport(before), h.adoptStore(s, before)
	s.adoptAffinity(before)
	unusedTokens := s.adoptAccessTokens(before)
	h.startAccessTokens(s)
	h.settings.Store(s)
	for _, warning := range s.warnings {
		h.log.Info("configuration: " + warning)
	}
	unusedTokens.stop()
	if unused != nil {
		unused.CloseIdleConnections()
	}
	if unusedStore != nil {
		unusedStore.Close()
	}
}

// Drain makes the gateway unready, so that no new connections come. Requests go on being served.
func (h *Handler) Drain() { h.draining.Store(true) }

// Close waits until the audit lines of all finished requests are written, and closes idle connections to Jira.
func (h *Handler) Close() {
	h.stop()
	h.writeSuppressed(h.clock.Now())
	h.audit.close()
	h.configure.Lock()
	defer h.configure.Unlock()
	if s := h.settings.Load(); s != nil {
		s.accessTokens.stop()
		s.transport.CloseIdleConnections()
		if counts := s.countIn(); counts != nil {
			counts.Close()
		}
	}
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{request: newRequest(r), settings: h.settings.Load(), start: h.clock.Now()}
	response := h.newResponse(w)
	h.metrics.inFlight.Inc()
	defer h.finish(x, response)
	h.takeBody(x, response, r)
	//nolint:contextcheck // a client that goes away must not look like a store that fails
	if x.refusal = h.decide(x); x.refusal == nil {
		x.refusal = h.reserveLine(x)
	}
	if x.refusal == nil {
		x.refusal = h.admit(x)
	}
	if x.refusal == nil {
		x.refusal = prepare(x)
	}
	if x.refusal == nil {
		x.refusal = h.limitGuesses(x)
	}
	if x.refusal != nil {
		x.refuse(response)
		return
	}
	h.engine.ServeHTTP(response, outgoingRequest(r, x))
}

// prepare is step 7: whose the request will be.
func prepare(x *exchange) *Refusal {
	x.settings.links.prepare(x.segments, x.header)
	if x.personal.class != "" {
		return keepOwnCredential(x)
	}
	return impersonateOwner(x)
}
