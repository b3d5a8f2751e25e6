// SPDX-License-Identifier: Apache-2.0

package reporter

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/jiratokens/jira-token-operator/internal/activity"
)

const uid = "0d9c6f5e-6a0b-4e52-9a53-000000000001"

// manager takes reports as a test says.
type manager struct {
	*httptest.Server

	mu       sync.Mutex
	reports  []activity.Report
	bearers  []string
	answer   func(http.ResponseWriter, *activity.Report)
	counted  int64 // of reports that were answered with written, once each
	numbers  map[int64]bool
	reporter *Reporter
	table    *activity.Table
	clock    *clocktesting.FakePassiveClock
	logs     bytes.Buffer
	registry *prometheus.Registry
	token    string
	off      bool
}

func newManager(t *testing.T) *manager {
	t.Helper()
	m := &manager{
		numbers: map[int64]bool{}, table: activity.NewTable(), clock: clocktesting.NewFakePassiveClock(time.Now()),
		registry: prometheus.NewRegistry(), token: filepath.Join(t.TempDir(), "token"),
	}
	m.answer = m.write
	m.Server = httptest.NewTLSServer(http.HandlerFunc(m.take))
	t.Cleanup(m.Close)
	if err := os.WriteFile(m.token, []byte("first\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.Certificate().Raw}))
	m.reporter = New(Options{
		Table: m.table, TokenFile: m.token, Clock: m.clock, Registerer: m.registry,
		Log:    funcr.New(func(_, args string) { fmt.Fprintln(&m.logs, args) }, funcr.Options{}),
		Target: func() (Target, bool) { return Target{URL: m.URL + activity.Path, CA: ca}, !m.off },
	})
	t.Cleanup(m.reporter.sender.close)
	return m
}

func (m *manager) take(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	report, err := activity.ReadReport(r.Body)
	if err != nil || r.URL.Path != activity.Path {
		http.Error(w, fmt.Sprint(err, r.URL), http.StatusBadRequest)
		return
	}
	m.reports, m.bearers = append(m.reports, *report), append(m.bearers, r.Header.Get("Authorization"))
	m.answer(w, report)
}

// write is what a manager does.
func (m *manager) write(w http.ResponseWriter, report *activity.Report) {
	m.store(report)
	m.results(w, report, activity.Written)
}

func (m *manager) store(report *activity.Report) {
	for i := range report.Uses {
		if number := report.Uses[i].Number; !m.numbers[number] {
			m.numbers[number] = true
			m.counted += report.Uses[i].Requests
		}
	}
}

func (m *manager) results(w http.ResponseWriter, report *activity.Report, result activity.Result) {
	answer := activity.Answer{Results: []activity.Result{}}
	for range report.Uses {
		answer.Results = append(answer.Results, result)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (m *manager) use(n int) {
	for range n {
		m.table.Used(uid, activity.Seen{At: m.clock.Now().Unix()}, m.clock.Now())
	}
}

// later turns the clock until everything is due.
func (m *manager) later() { m.clock.SetTime(m.clock.Now().Add(activity.Interval)) }

// TestNothingIsLost through failures of every kind, and nothing counts twice.
func TestNothingIsLost(t *testing.T) {
	m := newManager(t)
	total := int64(0)
	for n, answer := range []func(http.ResponseWriter, *activity.Report){
		m.write,
		func(w http.ResponseWriter, _ *activity.Report) { http.Error(w, "down", http.StatusServiceUnavailable) },
		func(_ http.ResponseWriter, r *activity.Report) { m.store(r); panic(http.ErrAbortHandler) }, // written, and not answered
		func(w http.ResponseWriter, r *activity.Report) { m.results(w, r, activity.Later) },
		func(w http.ResponseWriter, r *activity.Report) { m.store(r); m.results(w, r, activity.Unsure) },
		func(w http.ResponseWriter, r *activity.Report) { m.results(w, r, activity.Unknown) },
		func(w http.ResponseWriter, _ *activity.Report) { _, _ = w.Write([]byte(`{"results":[]}`)) },
		func(w http.ResponseWriter, _ *activity.Report) { _, _ = w.Write([]byte(`<html>`)) },
		func(w http.ResponseWriter, _ *activity.Report) {
			http.Redirect(w, &http.Request{}, "https://elsewhere", http.StatusFound)
		},
		func(w http.ResponseWriter, r *activity.Report) { m.results(w, r, activity.Later) },
		m.write, m.write, m.write,
	} {
		m.use(n + 1)
		total += int64(n + 1)
		m.later()
		m.answer = answer
		m.reporter.round(t.Context())
	}
	m.later()
	m.reporter.round(t.Context())
	if m.counted != total || m.table.Unreported() != 0 {
		t.Errorf("%d requests are counted of %d; %d tokens are unreported", m.counted, total, m.table.Unreported())
	}
	if text := m.logs.String(); strings.Contains(text, "first") {
		t.Errorf("the token is logged: %s", text)
	}
}

// TestOutageIsToldOnce, with pauses that grow, and so is its end.
func TestOutageIsToldOnce(t *testing.T) {
	m := newManager(t)
	m.answer = func(w http.ResponseWriter, _ *activity.Report) { http.Error(w, "down", http.StatusServiceUnavailable) }
	m.use(1)
	m.later()
	var waits []time.Duration
	for range 12 {
		waits = append(waits, m.reporter.round(t.Context()))
	}
	if waits[0] > 2*firstBackoff || waits[11] < maxBackoff/2 || waits[11] > 2*maxBackoff {
		t.Errorf("%v", waits)
	}
	m.answer = m.write
	m.reporter.round(t.Context())
	text := m.logs.String()
	if strings.Count(text, "can't be reported") != 1 || !strings.Contains(text, "503") || strings.Count(text, "reported again") != 1 {
		t.Error(text)
	}
	if err := testutil.GatherAndCompare(m.registry, strings.NewReader(`
# HELP jiratokens_gateway_activity_report_failures_total Attempts to report the use of tokens that came to nothing.
# TYPE jiratokens_gateway_activity_report_failures_total counter
jiratokens_gateway_activity_report_failures_total 12
# HELP jiratokens_gateway_activity_unreported_tokens Tokens whose use is not, or not entirely, reported yet.
# TYPE jiratokens_gateway_activity_unreported_tokens gauge
jiratokens_gateway_activity_unreported_tokens 0
`), "jiratokens_gateway_activity_report_failures_total", "jiratokens_gateway_activity_unreported_tokens"); err != nil {
		t.Error(err)
	}
}

// TestTokenIsReadAnew: the kubelet renews it; without one, nothing is sent.
func TestTokenIsReadAnew(t *testing.T) {
	m := newManager(t)
	for _, token := range []string{"first", "second"} {
		if err := os.WriteFile(m.token, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
		m.use(1)
		m.later()
		m.reporter.round(t.Context())
	}
	if got := fmt.Sprint(m.bearers); got != "[Bearer first Bearer second]" {
		t.Error(got)
	}
	for _, bad := range []string{"", "  \n", "two\nlines", strings.Repeat("é", 3)} {
		if err := os.WriteFile(m.token, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := m.reporter.report(t.Context()); len(m.bearers) != 2 {
			t.Errorf("%q is sent: %v", bad, err)
		}
		m.use(1)
		m.later()
	}
	if err := os.Remove(m.token); err != nil {
		t.Fatal(err)
	}
	if _, err := m.reporter.report(t.Context()); err == nil || !strings.Contains(err.Error(), "ServiceAccount token") {
		t.Error(err)
	}
}

// TestHeartbeat: a gateway that has nothing to tell says so every ten minutes, if anybody wants to know.
func TestHeartbeat(t *testing.T) {
	m := newManager(t)
	for range 3 {
		m.reporter.round(t.Context())
	}
	m.later()
	m.off = true
	m.reporter.round(t.Context())
	m.off = false
	m.reporter.round(t.Context())
	if len(m.reports) != 2 || len(m.reports[0].Uses) != 0 {
		t.Errorf("%+v", m.reports)
	}
}

// TestStrangersManager: reports go to nobody whom the authorities have not certified.
func TestStrangersManager(t *testing.T) {
	m := newManager(t)
	m.reporter.opts.Target = func() (Target, bool) { return Target{URL: m.URL, CA: "none"}, true }
	if _, err := m.reporter.report(t.Context()); err == nil || len(m.reports) != 0 {
		t.Errorf("%v %v", err, m.reports)
	}
}

// TestLastWords: what is not due yet is reported when the gateway ends, and while it drains.
func TestLastWords(t *testing.T) {
	m := newManager(t)
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.reporter.Run(ctx) }()
	m.use(1)
	m.reporter.Hurry()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for m.table.Unreported() > 0 {
		select {
		case <-deadline:
			t.Fatal("a draining gateway does not report")
		case <-tick.C:
		}
	}
	m.use(2)
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.counted != 3 || strings.Contains(m.logs.String(), "could not be reported any more") {
		t.Errorf("%d %s", m.counted, m.logs.String())
	}
}

// TestLastWordsToNobody end soon, and say what is lost.
func TestLastWordsToNobody(t *testing.T) {
	m := newManager(t)
	m.answer = func(w http.ResponseWriter, _ *activity.Report) { http.Error(w, "down", http.StatusServiceUnavailable) }
	m.use(1)
	m.reporter.finish(t.Context())
	if !strings.Contains(m.logs.String(), `"tokens"=1`) {
		t.Error(m.logs.String())
	}
}
