// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"log"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	// maxRequests is how many requests are served at once. A refused one is over at once; what waits is Jira and slow
	// bodies.
	maxRequests = 512
	// maxPersonalRequests is how many of them may be without a token of ours: the rest is for tokens.
	maxPersonalRequests = maxRequests / 4 * 3
	// maxClientConns is how many connections clients may have open, idle ones included.
	maxClientConns = 4096
	// overloadRetryAfter is in seconds.
	overloadRetryAfter = 1
)

// NewServer makes the server for clients, with the bounds of step 1, to be used with the Handler's Listener. It speaks
// HTTP/1.1 only: of HTTP/2 there is nothing to be had before a Jira that does not speak it, and what one connection can
// cost stays bounded (no streams to reset, no CONTINUATION frames). It has no read or write time-out as a whole: bodies
// may take as long as they need, as long as they do not drip.
func NewServer(h *Handler, addr string) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Server{
		Addr: addr, Handler: &requestLimit{Handler: h, most: maxRequests},
		ConnState:         (&connLimit{most: maxClientConns}).observe,
		ConnContext:       withSecurity,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		Protocols:         protocols,
		ErrorLog:          log.New(handshakeCounter{logWriter{h.log}, h.metrics.handshakeErrors}, "", 0),
		// OPTIONS * goes through the path step like everything else.
		DisableGeneralOptionsHandler: true,
	}
}

// requestLimit bounds the requests that are being served: what one costs in memory and connections times this is the most
// that all of them cost.
type requestLimit struct {
	*Handler
	most int64
	now  atomic.Int64
}

// ServeHTTP implements http.Handler.
func (l *requestLimit) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer l.now.Add(-1)
	if l.now.Add(1) > l.most {
		l.refuseOverload(w, r)
		return
	}
	l.Handler.ServeHTTP(w, r)
}

// refuseOverload answers a request that nobody has looked at. It is accounted for like all others.
func (h *Handler) refuseOverload(w http.ResponseWriter, r *http.Request) {
	x := &exchange{request: newRequest(r), settings: h.settings.Load(), start: h.clock.Now()}
	response := h.newResponse(w)
	h.metrics.inFlight.Inc()
	defer h.finish(x, response)
	h.takeBody(x, response, r)
	x.refusal = &Refusal{
		Status: http.StatusServiceUnavailable, Reason: reasonOverload, RetryAfter: overloadRetryAfter, Close: true,
		Message: "the gateway serves as many requests as it can just now; try again",
	}
	x.refuse(response)
}

// connLimit closes connections beyond a number as soon as they are there, so that a balancer tries another replica.
type connLimit struct {
	most int64
	now  atomic.Int64
}

func (l *connLimit) observe(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if l.now.Add(1) > l.most {
			_ = conn.Close() // net/http finds it closed, and reports that
		}
	case http.StateClosed, http.StateHijacked:
		l.now.Add(-1)
	case http.StateActive, http.StateIdle:
	}
}
