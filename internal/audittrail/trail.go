// SPDX-License-Identifier: Apache-2.0

package audittrail

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"k8s.io/utils/clock"
)

// Recorder takes entries.
type Recorder interface{ Record(Entry) }

// Nowhere forgets them.
type Nowhere struct{}

// Record implements Recorder.
func (Nowhere) Record(Entry) {}

// OrNowhere is a recorder also where there is none.
func OrNowhere(r Recorder) Recorder {
	if r == nil {
		return Nowhere{}
	}
	return r
}

const (
	// queueLength is how many lines wait for a sink that does not take them.
	queueLength = 8192
	// patience is how long Record waits until its line is written. A log that hangs or is slow must not hold up revocations: after
	// it, lines are only queued until one is written in this time again, and dropped when the queue is full.
	patience = time.Second
)

// Trail writes entries to a sink, one line at a time.
type Trail struct {
	clock   clock.PassiveClock
	log     logr.Logger
	out     io.Writer
	lines   chan line
	stuck   atomic.Bool
	torn    bool // the last line was written in part; of run alone
	done    chan struct{}
	written prometheus.Counter
	dropped prometheus.Counter

	mu     sync.RWMutex // held shared while a line is handed over, so that Close can't come between
	closed bool
}

type line struct {
	text    []byte
	at      time.Time
	written chan struct{} // closed when it is, or can't be
}

// New starts a trail to a writer, which should append; a file is synced. A nil registerer takes no metrics. Close it.
func New(out io.Writer, c clock.PassiveClock, registerer prometheus.Registerer, log logr.Logger) *Trail {
	factory := promauto.With(registerer)
	t := &Trail{
		clock: c, log: log, out: out, lines: make(chan line, queueLength), done: make(chan struct{}),
		written: factory.NewCounter(prometheus.CounterOpts{
			Name: "jiratokens_audit_lines_total", Help: "Lines of the manager's audit trail that were written.",
		}),
		dropped: factory.NewCounter(prometheus.CounterOpts{
			Name: "jiratokens_audit_lines_dropped_total", Help: "Lines of the manager's audit trail that could not be written.",
		}),
	}
	go t.run()
	return t
}

// Record writes an entry, and returns once it is written, or a second has passed, or the trail is known to hang.
func (t *Trail) Record(e Entry) {
	now := t.clock.Now()
	text, err := e.encode(now)
	if err != nil { // a struct of texts always can be
		t.drop(err)
		return
	}
	l := line{text: text, at: now, written: make(chan struct{})}
	if !t.hand(l) || t.stuck.Load() {
		return
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-l.written:
	case <-timer.C:
		if !t.stuck.Swap(true) {
			t.log.Info("the audit trail does not take lines: they wait in memory, and are dropped when there are too many")
		}
	}
}

func (t *Trail) hand(l line) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.closed {
		t.dropped.Inc()
		return false
	}
	select {
	case t.lines <- l:
		return true
	default:
		t.dropped.Inc()
		return false
	}
}

func (t *Trail) drop(err error) {
	t.dropped.Inc()
	t.log.Error(err, "a line of the audit trail could not be written")
}

// run writes what there is, and has a disk keep it, before anybody is told.
func (t *Trail) run() {
	defer close(t.done)
	for first := range t.lines {
		batch := []line{first}
		for more := true; more && len(batch) < queueLength; {
			select {
			case l, open := <-t.lines:
				if more = open; open {
					batch = append(batch, l)
				}
			default:
				more = false
			}
		}
		t.write(batch)
	}
}

func (t *Trail) write(batch []line) {
	for _, l := range batch {
		if err := t.writeLine(l.text); err != nil {
			t.drop(err)
			continue
		}
		t.written.Inc()
	}
	if file, ok := t.out.(interface{ Sync() error }); ok {
		_ = file.Sync() // pipes can't
	}
	if t.clock.Since(batch[0].at) < patience { // of a sink that is slow, the next line would be waited for in vain as well
		t.stuck.Store(false)
	}
	for _, l := range batch {
		close(l.written)
	}
}

// writeLine begins a new line where the one before was torn, such as by a full disk: or both would be none.
func (t *Trail) writeLine(text []byte) error {
	if t.torn {
		text = append([]byte{'\n'}, text...)
	}
	n, err := t.out.Write(text)
	if n > 0 {
		t.torn = text[n-1] != '\n'
	}
	return err
}

// Close writes what is queued. It waits for a sink that hangs, but not for ever.
func (t *Trail) Close() {
	t.mu.Lock()
	if !t.closed {
		t.closed = true
		close(t.lines)
	}
	t.mu.Unlock()
	select {
	case <-t.done:
	case <-time.After(5 * patience):
	}
}
