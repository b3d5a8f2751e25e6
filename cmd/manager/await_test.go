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
		switch asked.Add(1) {
		case 1, 2:
			http.Error(w, "starting", http.StatusServiceUnavailable)
		case 3, 4: // as a kube-apiserver that does not know the roles yet
			http.Error(w, "forbidden", http.StatusForbidden)
		case 5:
			w.Header().Set("Retry-After", "3600")
			http.Error(w, "later", http.StatusTooManyRequests)
		default:
			_, _ = w.Write([]byte("ok"))
		}
	}))
	server.Listener = listener
	server.Start()
	defer server.Close()
	if err := <-done; err != nil || asked.Load() != 6 {
		t.Fatalf("it went on after %d answers: %v", asked.Load(), err)
	}
	left, err := net.Listen("tcp", probes)
	if err != nil {
		t.Fatalf("the manager can't take the probes' address: %v", err)
	}
	_ = left.Close()
}

// TestAwaitAPIThatRefuses: the manager's own requests then say what is wrong.
func TestAwaitAPIThatRefuses(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		http.Error(w, "forbidden", http.StatusForbidden)
	}))
	defer server.Close()
	err := awaitAPI(t.Context(), &rest.Config{Host: server.URL}, "", time.Millisecond, testr.New(t))
	if err != nil || asked.Load() != believeRefusals+1 {
		t.Fatalf("it went on after %d refusals: %v", asked.Load(), err)
	}
}

// TestAwaitAPIUntilSIGTERM: a manager that waits for an answer can be ended at once, and says what it waited for.
func TestAwaitAPIUntilSIGTERM(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	silent, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	host, probes := "http://"+silent.Addr().String(), freeAddress(t)
	done := make(chan error)
	go func() { done <- awaitAPI(ctx, &rest.Config{Host: host}, probes, time.Millisecond, testr.New(t)) }()
	probe(t, "http://"+probes+"/healthz")
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), host) {
		t.Errorf("%v", err)
	}
}
