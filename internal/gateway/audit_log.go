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
	// unprovedQueue is for the lines of callers who have not proved to hold a token, or exceed its rate limit. There can be
	// any number of them.
	unprovedQueue = 1024
	// auditPatience is how long a finished request waits for a slow audit log before its line is dropped and counted.
	auditPatience = time.Second
)

// auditLog writes lines one at a time from two queues, so that a slow disk or pipe delays no request until its queue is
// full, and none for ever. The lines of callers who have proved to hold a token, and keep to its rate limit, go first and
// wait for room; those of all others are dropped, and counted, as soon as their queue is full.
type auditLog struct {
	lines    chan auditLine
	unproved chan auditLine
	done     chan struct{}
	out      io.Writer
	metrics  *metrics

	mu     sync.RWMutex // held shared while a line is handed over, so that close can't come between
	closed bool
}

func newAuditLog(out io.Writer, m *metrics) *auditLog {
	if out == nil {
		out = io.Discard
	}
	a := &auditLog{
		lines: make(chan auditLine, auditQueue), unproved: make(chan auditLine, unprovedQueue),
		done: make(chan struct{}), out: out, metrics: m,
	}
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
	queue := a.lines
	if !line.waits() {
		queue = a.unproved
	}
	select {
	case queue <- line:
		return
	default:
	}
	if !line.waits() {
		a.metrics.auditDropped.Inc()
		return
	}
	timer := time.NewTimer(auditPatience)
	defer timer.Stop()
	select {
	case queue <- line:
	case <-timer.C:
		a.metrics.auditDropped.Inc()
	}
}

func (a *auditLog) run() {
	defer close(a.done)
	for {
		select {
		case line, more := <-a.lines: // first what proved callers did
			if !more {
				a.printRest()
				return
			}
			a.print(&line)
			continue
		default:
		}
		select {
		case line, more := <-a.lines:
			if more {
				a.print(&line)
			}
		case line, more := <-a.unproved:
			if more {
				a.print(&line)
			}
		}
	}
}

// printRest comes after the end of both queues.
func (a *auditLog) printRest() {
	for line := range a.unproved {
		a.print(&line)
	}
}

func (a *auditLog) print(line *auditLine) {
	text, err := json.Marshal(line) //nolint:gosec // apiToken is the name of an object
	if err == nil {
		_, err = a.out.Write(append(text, '\n'))
	}
	if err != nil {
		a.metrics.auditDropped.Inc()
	}
}

// close writes what is queued. It waits for the writer, but not for ever.
func (a *auditLog) close() {
	a.mu.Lock()
	if !a.closed {
		a.closed = true
		close(a.lines) // first: run takes its end for the end of both
		close(a.unproved)
	}
	a.mu.Unlock()
	select {
	case <-a.done:
	case <-time.After(5 * auditPatience):
	}
}
