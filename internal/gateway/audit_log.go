// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"encoding/json"
	"io"
	"sync"
	"time"
)

const (
	auditQueue = 8192
	// auditPatience is how long a finished request waits for a slow audit log before its line is dropped and counted.
	auditPatience = time.Second
)

// auditLog writes lines one at a time from a queue, so that a slow disk or pipe delays no request until the queue is
// full, and none for ever.
type auditLog struct {
	lines   chan auditLine
	done    chan struct{}
	out     io.Writer
	metrics *metrics

	mu     sync.RWMutex // held shared while a line is handed over, so that close can't come between
	closed bool
}

func newAuditLog(out io.Writer, m *metrics) *auditLog {
	if out == nil {
		out = io.Discard
	}
	a := &auditLog{lines: make(chan auditLine, auditQueue), done: make(chan struct{}), out: out, metrics: m}
	go a.run()
	return a
}

func (a *auditLog) write(line auditLine) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.closed {
		a.metrics.auditDropped.Inc()
		return
	}
	select {
	case a.lines <- line:
		return
	default:
	}
	timer := time.NewTimer(auditPatience)
	defer timer.Stop()
	select {
	case a.lines <- line:
	case <-timer.C:
		a.metrics.auditDropped.Inc()
	}
}

func (a *auditLog) run() {
	defer close(a.done)
	for line := range a.lines {
		text, err := json.Marshal(line) //nolint:gosec // apiToken is the name of an object
		if err == nil {
			_, err = a.out.Write(append(text, '\n'))
		}
		if err != nil {
			a.metrics.auditDropped.Inc()
		}
	}
}

// close writes what is queued. It waits for the writer, but not for ever.
func (a *auditLog) close() {
	a.mu.Lock()
	if !a.closed {
		a.closed = true
		close(a.lines)
	}
	a.mu.Unlock()
	select {
	case <-a.done:
	case <-time.After(5 * auditPatience):
	}
}
