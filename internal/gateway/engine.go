// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
)

// newEngine makes step 8 on net/http: it sends an exchange's request and streams the answer back.
func newEngine(logger logr.Logger) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite:        rewrite,
		Transport:      roundTripper{},
		ModifyResponse: modifyResponse,
		ErrorHandler:   handleError,
		BufferPool:     &bufferPool{},
		ErrorLog:       log.New(logWriter{logger}, "", 0),
	}
}

// outgoingRequest is what ReverseProxy gets to see. It copies URL and header of what it is given, and rewrite puts others
// in their place, so it is given empty ones.
func outgoingRequest(r *http.Request, x *exchange) *http.Request {
	out := r.WithContext(withExchange(r.Context(), x))
	out.URL, out.Header = &url.URL{}, http.Header{}
	if x.body != nil { // in the copy only: net/http looks at its own request to see what became of the body
		out.Body = x.body
	}
	return out
}

// rewrite fills the outgoing request with what the steps decided. The target goes out byte for byte as it came: Opaque
// is written as it is, and a path that begins with one slash (the path step made sure) needs no scheme before it.
func rewrite(p *httputil.ProxyRequest) {
	x := exchangeOf(p.In.Context())
	out := p.Out
	out.URL = &url.URL{
		Scheme: x.settings.target.Scheme, Host: x.settings.target.Host,
		Opaque: x.outgoing.Path, RawQuery: x.outgoing.RawQuery,
		ForceQuery: x.request.HasQuery,
	}
	out.Host = x.settings.host
	out.Header = x.outgoing.Header
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = []string{""} // none, rather than Go's
	}
	out.Trailer = nil
	if x.outgoing.Form != nil {
		out.Body = io.NopCloser(bytes.NewReader(x.outgoing.Form))
		out.ContentLength, out.TransferEncoding = int64(len(x.outgoing.Form)), nil
	}
}

// roundTripper takes the transport of the settings that the request was decided with.
type roundTripper struct{}

// RoundTrip implements http.RoundTripper.
func (roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	x := exchangeOf(r.Context())
	x.forwarded = true
	start := time.Now()
	answer, err := x.settings.transport.RoundTrip(r)
	x.upstream = time.Since(start)
	if err != nil {
		return nil, err
	}
	// A copy: trailers, which arrive in the original after everything was checked, are not handed on.
	answerCopy := *answer
	answerCopy.Trailer = nil
	return &answerCopy, nil
}

// refusedAnswerError carries a refusal through ReverseProxy.
type refusedAnswerError struct{ refusal *Refusal }

// Error implements error.
func (e *refusedAnswerError) Error() string { return e.refusal.Reason }

func modifyResponse(answer *http.Response) error {
	x := exchangeOf(answer.Request.Context())
	x.upstreamStatus = answer.StatusCode
	x.jiraRequestID, x.jiraUser = answer.Header.Get("X-Arequestid"), answer.Header.Get("X-Ausername")
	if x.personal.class != "" {
		x.loginReason = answer.Header["X-Seraph-Loginreason"]
		err := modifyPersonalResponse(x, answer)
		if err == nil {
			x.settings.links.rewrite(answer, x.segments)
		}
		return err
	}
	if answer.StatusCode == http.StatusUnauthorized {
		x.settings.accessTokens.refused(x.outgoing.Header)
	}
	if refusal := checkResponse(x.settings, answer.StatusCode, answer.Header, x.record.Owner, x.start); refusal != nil {
		if answer.StatusCode >= http.StatusInternalServerError {
			x.settings.affinity.forget(x.record.UID) // it was not Jira that answered, but what stands before its node
		}
		return &refusedAnswerError{refusal}
	}
	x.settings.affinity.keep(x.record.UID, answer.Header, x.start)
	rewriteResponse(x.settings, answer.Header)
	x.settings.links.rewrite(answer, x.segments)
	x.rate.mark(answer.StatusCode, answer.Header)
	return nil
}

// handleError answers when Jira did not, or when its answer is kept back.
func handleError(w http.ResponseWriter, r *http.Request, err error) {
	x := exchangeOf(r.Context())
	x.refusal = refusalOf(r.Context(), x, err)
	x.writeRefusal(w)
}

func refusalOf(ctx context.Context, x *exchange, err error) *Refusal {
	var refused *refusedAnswerError
	var timeout net.Error
	switch {
	case errors.As(err, &refused):
		return refused.refusal
	case x.body != nil && errors.Is(x.body.failure(), errBodyIdle):
		return bodyTimeout()
	case ctx.Err() == nil && x.body.isBroken():
		return brokenBody()
	case ctx.Err() != nil, x.body != nil && x.body.failure() != nil:
		return &Refusal{Status: statusClientGone, Reason: reasonGone, Close: true, Message: "the client went away"}
	case errors.As(err, &timeout) && timeout.Timeout():
		return refuse(http.StatusGatewayTimeout, reasonTimeout, "Jira did not answer in time")
	default:
		return refuse(http.StatusBadGateway, reasonUpstream, "Jira can't be reached from the gateway, or broke off")
	}
}

// statusClientGone is nginx's number for it. Nobody reads it but the audit log.
const statusClientGone = 499

const copyBufferBytes = 32 << 10

// bufferPool hands out buffers for copying: without it a third of a small request's time goes into making them.
type bufferPool struct{ pool sync.Pool }

// Get implements httputil.BufferPool.
func (b *bufferPool) Get() []byte {
	if buffer, ok := b.pool.Get().(*[copyBufferBytes]byte); ok {
		return buffer[:]
	}
	return new([copyBufferBytes]byte)[:]
}

// Put implements httputil.BufferPool.
func (b *bufferPool) Put(buffer []byte) { b.pool.Put((*[copyBufferBytes]byte)(buffer)) }

// logWriter sends what net/http has to say to the log.
type logWriter struct{ logger logr.Logger }

// Write implements io.Writer.
func (w logWriter) Write(p []byte) (int, error) {
	w.logger.V(1).Info(redactTokens(string(bytes.TrimSpace(p))))
	return len(p), nil
}

// handshakeCounter counts the lines about handshakes: net/http tells of them nowhere else.
type handshakeCounter struct {
	io.Writer

	errors prometheus.Counter
}

// Write implements io.Writer.
func (c handshakeCounter) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("TLS handshake error")) {
		c.errors.Inc()
	}
	return c.Writer.Write(p)
}
