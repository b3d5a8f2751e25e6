// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
)

const (
	askAgain = 2 * time.Second
	// tellEvery of that many failures one is told.
	tellEvery = 5
	// believeRefusals after that many: while an API server starts, it refuses what it permits a second later.
	believeRefusals = 15
	// apiPatience: above ten minutes kubelet takes a container that ends for one that worked, and starts it again at once.
	apiPatience = 11 * time.Minute
)

// awaitAPI waits until the Kubernetes API is ready. A leader that lost its lease as the API went away is started again while it
// is still away. Did it end each time, kubelet would wait longer and longer (CrashLoopBackOff), up to five minutes after the API
// is back, in which nobody could revoke. Until then the probes say: alive, not ready.
func awaitAPI(ctx context.Context, config *rest.Config, probeAddress string, interval time.Duration, log logr.Logger) error {
	quick := rest.CopyConfig(config)
	quick.Timeout = 10 * time.Second
	api, err := discovery.NewDiscoveryClientForConfig(quick)
	if err != nil {
		return fmt.Errorf("find the Kubernetes API: %w", err)
	}
	probes, err := aliveNotReady(ctx, probeAddress)
	if err != nil {
		return err
	}
	defer probes.Close()
	failures := 0
	waitErr := wait.PollUntilContextTimeout(ctx, interval, apiPatience, true, func(ctx context.Context) (bool, error) {
		err = api.RESTClient().Get().AbsPath("/readyz").MaxRetries(0).Do(ctx).Error()
		if err == nil || refused(err) && failures >= believeRefusals {
			return true, nil
		}
		if failures%tellEvery == 0 {
			log.Info("the Kubernetes API is not ready; waiting for it", "host", config.Host, "error", err.Error())
		}
		failures++
		return false, nil
	})
	if waitErr != nil {
		return fmt.Errorf("wait for the Kubernetes API at %s: %w", config.Host, errors.Join(waitErr, err))
	}
	return nil
}

// refused tells whether the API is there and does not say how it is: then what is asked next says best what is wrong.
func refused(err error) bool {
	return apierrors.IsUnauthorized(err) || apierrors.IsForbidden(err) || apierrors.IsNotFound(err)
}

// aliveNotReady answers the probes until it is closed, in place of the manager that is not there yet.
func aliveNotReady(ctx context.Context, address string) (*http.Server, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the Kubernetes API is not ready", http.StatusServiceUnavailable)
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	server.SetKeepAlivesEnabled(false)
	if address == "" || address == "0" { // off
		return server, nil
	}
	var network net.ListenConfig
	listener, err := network.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--health-probe-bind-address: %w", err)
	}
	go func() { _ = server.Serve(listener) }()
	return server, nil
}
