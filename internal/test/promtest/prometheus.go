// SPDX-License-Identifier: Apache-2.0

// Package promtest runs a Prometheus server of its own, for the tests of alerts and of the dashboard.
package promtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// ErrMissing says that there is no Prometheus.
var ErrMissing = errors.New("no prometheus and promtool: set PROMETHEUS to their folder, install Debian's prometheus, or run " +
	"hack/prometheus.sh, which unpacks it")

// Find returns the folder of prometheus and promtool: $PROMETHEUS, one on PATH, or what hack/prometheus.sh has unpacked.
func Find() (string, error) {
	candidates := []string{os.Getenv("PROMETHEUS")}
	if path, err := exec.LookPath("promtool"); err == nil {
		candidates = append(candidates, filepath.Dir(path))
	}
	if _, file, _, ok := runtime.Caller(0); ok {
		candidates = append(candidates, filepath.Join(filepath.Dir(file), "..", "..", "..", "bin", "prometheus", "usr", "bin"))
	}
	for _, folder := range candidates {
		if folder == "" {
			continue
		}
		_, err := exec.LookPath(filepath.Join(folder, "prometheus"))
		if _, err2 := exec.LookPath(filepath.Join(folder, "promtool")); err == nil && err2 == nil {
			return folder, nil
		}
	}
	return "", ErrMissing
}

// Server is one that runs.
type Server struct {
	// URL is its own.
	URL string

	process *exec.Cmd
	exited  chan struct{}
}

const patience = 30 * time.Second

// Run starts a server in a folder, with a configuration file, and waits until it is ready. It logs into the folder.
func Run(ctx context.Context, dir, config string) (*Server, error) {
	folder, err := Find()
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	address := listener.Addr().String()
	_ = listener.Close() // the server takes its place
	log, err := os.Create(filepath.Join(dir, "prometheus.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s := &Server{URL: "http://" + address, exited: make(chan struct{})}
	s.process = exec.CommandContext(context.WithoutCancel(ctx), filepath.Join(folder, "prometheus"), "--config.file="+config,
		"--storage.tsdb.path="+filepath.Join(dir, "prometheus"), "--web.listen-address="+address, "--log.level=warn")
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		return nil, fmt.Errorf("start prometheus: %w", err)
	}
	go func() { defer close(s.exited); _ = s.process.Wait() }()
	if err := s.ready(ctx, log.Name()); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) ready(ctx context.Context, log string) error {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if err := s.get(limited, "/-/ready", nil, nil); err == nil {
			return nil
		}
		select {
		case <-s.exited:
			said, _ := os.ReadFile(log)
			return fmt.Errorf("prometheus has ended: %s", said)
		case <-limited.Done():
			s.Stop()
			return fmt.Errorf("prometheus is not ready: %w", limited.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop ends it.
func (s *Server) Stop() {
	_ = s.process.Process.Kill() // it may have ended, and nobody needs its data
	<-s.exited
}

// Series is one of a query's results: [seconds, "value"] pairs, of which an instant query has one.
type Series struct {
	Metric map[string]string    `json:"metric"`
	Value  [2]json.RawMessage   `json:"value"`
	Values [][2]json.RawMessage `json:"values"`
}

// Query evaluates an expression now.
func (s *Server) Query(ctx context.Context, expr string) ([]Series, error) {
	return s.query(ctx, "/api/v1/query", url.Values{"query": {expr}})
}

// QueryRange evaluates an expression over time.
func (s *Server) QueryRange(ctx context.Context, expr string, from, to time.Time, step time.Duration) ([]Series, error) {
	return s.query(ctx, "/api/v1/query_range", url.Values{
		"query": {expr}, "start": {from.Format(time.RFC3339)}, "end": {to.Format(time.RFC3339)}, "step": {step.String()},
	})
}

func (s *Server) query(ctx context.Context, path string, values url.Values) ([]Series, error) {
	var data struct {
		Result json.RawMessage `json:"result"`
		Type   string          `json:"resultType"`
	}
	if err := s.get(ctx, path, values, &data); err != nil {
		return nil, fmt.Errorf("%s: %w", values.Get("query"), err)
	}
	if data.Type != "vector" && data.Type != "matrix" {
		return nil, fmt.Errorf("%s: the result is a %s, not series", values.Get("query"), data.Type)
	}
	var series []Series
	err := json.Unmarshal(data.Result, &series)
	return series, err
}

// Alerts are the names of the alerts that are pending or firing.
func (s *Server) Alerts(ctx context.Context) (map[string]string, error) {
	var data struct {
		Alerts []struct {
			Labels map[string]string `json:"labels"`
			State  string            `json:"state"`
		} `json:"alerts"`
	}
	if err := s.get(ctx, "/api/v1/alerts", nil, &data); err != nil {
		return nil, err
	}
	states := map[string]string{}
	for _, alert := range data.Alerts {
		states[alert.Labels["alertname"]] = alert.State
	}
	return states, nil
}

// get reads an answer's data into out; nil: it is no JSON.
func (s *Server) get(ctx context.Context, path string, values url.Values, out any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path+"?"+values.Encode(), http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if out == nil {
		if response.StatusCode != http.StatusOK {
			return errors.New(response.Status)
		}
		return nil
	}
	var answer struct {
		Status string          `json:"status"`
		Error  string          `json:"error"`
		Data   json.RawMessage `json:"data"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("%s: %w", response.Status, err)
	}
	if answer.Status != "success" {
		return errors.New(answer.Error)
	}
	return json.Unmarshal(answer.Data, out)
}
