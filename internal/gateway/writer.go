// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"sync/atomic"
	"time"
)

// response wraps the ResponseWriter: it counts, gives up on a client that stops reading, ends the connection while the
// gateway drains, and keeps interim responses of Jira (103 Early Hints) back, whose headers nobody has checked.
type response struct {
	http.ResponseWriter
	control  *http.ResponseController
	idle     time.Duration
	draining *atomic.Bool
	set      time.Time
	status   int
	bytes    int64
}

func (h *Handler) newResponse(w http.ResponseWriter) *response {
	return &response{ResponseWriter: w, control: http.NewResponseController(w), idle: h.idle, draining: &h.draining}
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *response) WriteHeader(status int) {
	if status < http.StatusOK {
		return
	}
	w.extend()
	if w.draining.Load() {
		// Else the server closes it when it shuts down, perhaps just when the client's next request is on its way.
		w.Header().Set("Connection", "close")
	}
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *response) Write(p []byte) (int, error) {
	w.extend()
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// FlushError implements what http.ResponseController looks for.
func (w *response) FlushError() error {
	w.extend()
	return w.control.Flush()
}

// extend moves the deadline. It stays set at the end, for what net/http still has to send; each answer sets its own.
func (w *response) extend() {
	if now := time.Now(); now.Sub(w.set) > w.idle/deadlineStep {
		w.set = now
		_ = w.control.SetWriteDeadline(now.Add(w.idle)) // an engine without deadlines has its own time-outs
	}
}
