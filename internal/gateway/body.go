// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

var errBodyIdle = errors.New("nothing of the request's body came for too long")

// A body may take as long as it needs, as long as it comes by minBodyRate bytes a second, after slowStart: otherwise a
// few bytes now and then would hold a request for ever. Only the time counts in which the gateway waits for the client.
const (
	minBodyRate = 500
	slowStart   = 20 * time.Second
)

// deadlineStep is how much of a time-out may pass before a deadline is set anew: setting one for every few kilobytes of a
// gigabyte would cost more than it gives.
const deadlineStep = 8

// takeBody puts the idle time-out on the body, before anything is decided: net/http itself reads what a refused request
// still sends, to keep the connection.
func (h *Handler) takeBody(x *exchange, w *response, r *http.Request) {
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		return
	}
	if r.ContentLength < 0 {
		// A chunked body. If there was a Content-Length beside it, net/http has dropped that without a word, and a proxy in
		// front may have gone by it: what it takes for the body's rest would be the next request (RFC 9112, 6.1).
		w.Header().Set("Connection", "close")
	}
	w.extend() // the connection may still have the deadline of an earlier answer, and 100 Continue is an answer too
	x.body = &timedBody{ReadCloser: r.Body, control: w.control, idle: h.idle}
	x.body.extend()
}

// timedBody gives up on a client that stops sending: a deadline that moves with what comes. It counts the bytes too.
type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
	idle    time.Duration

	mu      sync.Mutex
	set     time.Time // when the deadline was last set
	end     time.Time // when the body must have come as a whole; zero: as long as it moves
	ended   bool      // at the end, or after the handler: the connection's deadlines are no longer ours
	bytes   int64
	waited  time.Duration
	failed  error
	release func() // gives back what was reserved to keep the body; may be nil
}

// Read implements io.Reader.
func (b *timedBody) Read(p []byte) (int, error) {
	b.extend()
	began := time.Now()
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bytes += int64(n)
	b.waited += time.Since(began)
	switch {
	case err == nil && tooSlow(b.bytes, b.waited):
		err = errBodyIdle
		b.failed = err
	case err == nil:
	case errors.Is(err, io.EOF):
		// net/http took the deadline off before: it goes on reading the connection, to notice that the client went away.
		b.ended = true
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = errBodyIdle
		b.failed = err
	default:
		b.failed = err
	}
	return n, err
}

func tooSlow(bytes int64, waited time.Duration) bool {
	return waited > slowStart && float64(bytes) < minBodyRate*(waited-slowStart).Seconds()
}

func (b *timedBody) extend() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := time.Now(); !b.ended && now.Sub(b.set) > b.idle/deadlineStep {
		b.set = now
		deadline := now.Add(b.idle)
		if !b.end.IsZero() && b.end.Before(deadline) {
			deadline = b.end
		}
		_ = b.control.SetReadDeadline(deadline) // an engine without deadlines has its own time-outs
	}
}

// endAt gives the body as a whole a time by which it must have come.
func (b *timedBody) endAt(end time.Time) {
	b.mu.Lock()
	b.end, b.set = end, time.Time{}
	b.mu.Unlock()
}

// holds notes what is to be given back once the request is finished.
func (b *timedBody) holds(release func()) {
	b.mu.Lock()
	b.release = release
	b.mu.Unlock()
}

// finish is called when the handler returns. A read that is still under way can't touch the deadline after it.
func (b *timedBody) finish() (bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	if b.release != nil {
		b.release()
		b.release = nil
	}
	return b.bytes
}

func (b *timedBody) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed
}

// isBroken tells whether what came is no body, such as a chunk without its length, rather than that nothing came any more.
func (b *timedBody) isBroken() bool {
	if b == nil {
		return false
	}
	err := b.failure()
	var network net.Error
	gone := errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, http.ErrBodyReadAfterClose) || errors.As(err, &network)
	return err != nil && !errors.Is(err, errBodyIdle) && !gone
}
