// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/test/gatewaybench"
	"github.com/jiratokens/jira-token-operator/internal/test/redistest"
)

const replicas = 2

// limitCase is one way to count, and one to ask.
type limitCase struct {
	name   string
	skewed bool
	store  *redistest.Server // nil: each gateway counts its share
	killed bool              // the store, in the middle
	world  *gatewaybench.World

	gateways        []string
	counting        chan struct{} // gets one for each gateway that counts in the store
	asked, admitted int
}

// prepare starts what the cases need. stop ends it, whatever came of it.
func prepare(ctx context.Context) (cases []*limitCase, stop func(), err error) {
	cases = []*limitCase{
		{name: "own count, even"}, {name: "own count, all at one", skewed: true},
	}
	var stops []func()
	stop = func() {
		for _, s := range stops {
			s()
		}
	}
	if _, err := redistest.Find(); err != nil {
		fmt.Println("Without a store:", err)
	} else {
		cases = append(cases, &limitCase{name: "store, even"}, &limitCase{name: "store, all at one", skewed: true},
			&limitCase{name: "store, even, killed half-way", killed: true})
	}
	for i, c := range cases {
		if i >= 2 {
			dir, err := os.MkdirTemp("", "bench-limits")
			if err != nil {
				return nil, stop, fmt.Errorf("make a folder: %w", err)
			}
			stops = append(stops, func() { _ = os.RemoveAll(dir) })
			if c.store, err = redistest.Run(ctx, dir); err != nil {
				return nil, stop, fmt.Errorf("start a store: %w", err)
			}
			stops = append(stops, c.store.Kill)
		}
		c.world = gatewaybench.New()
		stops = append(stops, c.world.Close)
		if err := c.start(ctx); err != nil {
			return nil, stop, err
		}
	}
	return cases, stop, nil
}

// start waits until the gateways count in the store.
func (c *limitCase) start(ctx context.Context) error {
	c.counting = make(chan struct{}, 10)
	log := funcr.New(func(string, string) { c.counting <- struct{}{} }, funcr.Options{})
	if c.store == nil {
		log = logr.Discard()
	}
	for range replicas {
		address, err := c.world.Gateway(ctx, log, func(config *gatewayconfig.Config) {
			config.Replicas = replicas
			if c.store != nil {
				config.RateLimitStore = &gatewayconfig.RateLimitStore{Address: c.store.Address}
			}
		})
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		c.gateways = append(c.gateways, address)
		if c.store != nil {
			<-c.counting
		}
	}
	return nil
}

// expected is what these ways of counting and asking should let through, where the store stays: for each that counts, its
// burst, and what whole requests came back between the first and the last time that it was asked.
func (c *limitCase) expected(limit grant.RateLimit) int {
	counts := 1
	if c.store == nil {
		limit = limit.Share(replicas)
		if !c.skewed {
			counts = replicas
		}
	}
	return counts * int(limit.Burst+limit.Requests-1) // the last comes back when the period is over
}

// measure asks evenly spread over the period.
func (c *limitCase) measure(ctx context.Context, limit grant.RateLimit, times int) error {
	tok, err := c.world.Issue(&limit)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100, DisableCompression: true}}
	defer client.CloseIdleConnections()
	total := int(limit.Requests) * times
	ticker := time.NewTicker(limit.Period / time.Duration(total))
	defer ticker.Stop()
	var mu sync.Mutex
	var all sync.WaitGroup
	end := time.After(limit.Period)
	for n := 0; ; n++ {
		select {
		case <-end:
			all.Wait()
			return err
		case <-ctx.Done():
			all.Wait()
			return fmt.Errorf("%s: %w", c.name, ctx.Err())
		case <-ticker.C:
		}
		if c.killed && n == total/2 {
			c.store.Kill()
		}
		address := c.gateways[0]
		if !c.skewed {
			address = c.gateways[n%replicas]
		}
		all.Go(func() {
			status, failed := gatewaybench.Get(ctx, client, address, tok)
			mu.Lock()
			defer mu.Unlock()
			c.asked++
			switch {
			case failed != nil:
				err = failed
			case status == http.StatusOK:
				c.admitted++
			case status != http.StatusTooManyRequests:
				err = fmt.Errorf("%s: status %d", c.name, status)
			}
		})
	}
}
