// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/test/gatewaybench"
)

// steady sends each token's requests at its own pace, each client on a connection of its own, and returns how long they took.
func steady(ctx context.Context, address string, tokens []string, rate int, long time.Duration) ([]time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	var mu sync.Mutex
	var out []time.Duration
	var failed error
	var all sync.WaitGroup
	for i, tok := range tokens {
		all.Go(func() {
			every := time.Second / time.Duration(rate)
			time.Sleep(every * time.Duration(i) / time.Duration(len(tokens))) // not all at once
			took, err := one(ctx, address, tok, every)
			mu.Lock()
			defer mu.Unlock()
			out = append(out, took...)
			if err != nil {
				failed = err
			}
		})
	}
	all.Wait()
	return out, failed
}

func one(ctx context.Context, address, tok string, every time.Duration) (out []time.Duration, err error) {
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}} // compressing is the dearest that the stand-in does
	defer client.CloseIdleConnections()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for first := true; ; first = false {
		select {
		case <-ctx.Done():
			return out, nil
		case <-ticker.C:
		}
		began := time.Now()
		status, err := gatewaybench.Get(context.WithoutCancel(ctx), client, address, tok)
		if err != nil {
			return out, err
		}
		if status != http.StatusOK {
			return out, fmt.Errorf("one of the others was answered with %d", status)
		}
		if !first { // that one made the connection
			out = append(out, time.Since(began))
		}
	}
}
