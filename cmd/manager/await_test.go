// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr/testr"
	"k8s.io/client-go/rest"
)

// freeAddress is one that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// probe asks until somebody answers.
func probe(t *testing.T, url string) int {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			return response.StatusCode
		}
	}
	t.Fatalf("nobody answers %s", url)
	return 0
}

// TestAwaitAPI: while the API does not answer, or says that it can't, the manager is alive, not ready and waits; then it goes on,
// and has left the probes' address.
func TestAwaitAPI(t *testing.T) {
	api, probes := freeAddress(t), freeAddress(t)
	done := make(chan error)
	go func() {
		done <- awaitAPI(t.Context(), &rest.Config{Host: "http://" + api}, probes, time.Millisecond, testr.New(t))
	}()
	if code := probe(t, "http://"+probes+"/healthz"); code != http.StatusOK {
		t.Errorf("/healthz answers %d: kubelet would end the container", code)
	}
	if code := probe(t, "http://"+probes+"/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("/readyz answers %d", code)
	}
	listener, err := net.Listen("tcp", api)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) <= 3 {
			http.Error(w, "starting", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(`{"gitVersion":"v1.37.0"}`))
	}))
	server.Listener = listener
	server.Start()
	defer server.Close()
	if err := <-done; err != nil || asked.Load() != 4 {
		t.Fatalf("it went on after %d answers: %v", asked.Load(), err)
	}
	left, err := net.Listen("tcp", probes)
	if err != nil {
		t.Fatalf("the manager can't take the probes' address: %v", err)
	}
	_ = left.Close()
}

// TestAwaitAPIThatRefuses: an answer is an answer.
func TestAwaitAPIThatRefuses(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`))
	}))
	defer server.Close()
	if err := awaitAPI(t.Context(), &rest.Config{Host: server.URL}, "0", time.Millisecond, testr.New(t)); err != nil {
		t.Fatal(err)
	}
}

// TestAwaitAPIUntilSIGTERM: a manager that waits can be ended, and says what it waited for.
func TestAwaitAPIUntilSIGTERM(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	host := "http://" + freeAddress(t)
	probes := freeAddress(t)
	done := make(chan error)
	go func() { done <- awaitAPI(ctx, &rest.Config{Host: host}, probes, time.Millisecond, testr.New(t)) }()
	probe(t, "http://"+probes+"/healthz")
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), host) {
		t.Errorf("%v", err)
	}
}
