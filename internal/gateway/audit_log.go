// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"io"
	"sync"
	"sync/atomic"
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
	// room has one element for each line in lines, for the one that is being written, and for each reservation. So whoever
	// put one in can put a line into lines without waiting.
	room    chan struct{}
	broken  atomic.Bool // the last line could not be written
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
	a := &auditLog{
		lines: make(chan auditLine, auditQueue), unproved: make(chan auditLine, unprovedQueue),
		room: make(chan struct{}, auditQueue),
		done: make(chan struct{}), out: out, metrics: m,
	}
	go a.run()
	return a
}

// reserve sets room aside for one line, which must then be written with its field reserved set. It fails while there is no
// room, or the last line could not be written: the next one that can be, a refused request's, ends that.
func (a *auditLog) reserve() bool {
	if a.broken.Load() {
		return false
	}
	select {
	case a.room <- struct{}{}:
		return true
	default:
		return false
	}
}

func (a *auditLog) write(line auditLine) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	switch {
	case a.closed:
		a.metrics.auditDropped.Inc()
	case line.reserved, line.proved() && a.waitForRoom():
		a.lines <- line
	case line.proved():
		a.metrics.auditDropped.Inc()
	default:
		select {
		case a.unproved <- line:
		default:
			a.metrics.auditDropped.Inc()
		}
	}
}

func (a *auditLog) waitForRoom() bool {
	select {
	case a.room <- struct{}{}:
		return true
	default:
	}
	timer := time.NewTimer(auditPatience)
	defer timer.Stop()
	select {
	case a.room <- struct{}{}:
		return true
	case <-timer.C:
		return false
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
			a.printProved(&line)
			continue
		default:
		}
		select {
		case line, more := <-a.lines:
			if more {
				a.printProved(&line)
			}
		case line, more := <-a.unproved:
			if more {
				a.print(&line)
			}
		}
	}
}

func (a *auditLog) printProved(line *auditLine) {
	a.print(line)
	<-a.room
}

// printRest comes after the end of both queues.
func (a *auditLog) printRest() {
	for line := range a.unproved {
		a.print(&line)
	}
}

func (a *auditLog) print(line *auditLine) {
	text, err := line.encode()
	if err == nil {
		_, err = a.out.Write(append(text, '\n'))
	}
	a.broken.Store(err != nil)
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
