// SPDX-License-Identifier: Apache-2.0

// Command bench-limits measures how many requests of one token two gateways let through in one period of its rate limit,
// when its client asks far more often than that: spread evenly over both, or all at one of them; by each gateway's own count,
// and by a store that both count in. All cases run side by side, each with its own gateways and token.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

func main() {
	requests := flag.Int("requests", 60, "requests of the limit")
	burst := flag.Int("burst", 10, "burst of the limit")
	period := flag.Duration("period", time.Minute, "period of the limit, and how long it is measured")
	times := flag.Int("times", 10, "how many times faster than the limit the client asks")
	flag.Parse()
	limit := grant.RateLimit{Requests: int32(*requests), Period: *period, Burst: int32(*burst)}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, limit, *times)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-limits:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, limit grant.RateLimit, times int) error {
	fmt.Printf("A token that may make %d requests in %s, %d at once, asks %d times as often for as long, at two gateways.\n",
		limit.Requests, limit.Period, limit.Burst, times)
	cases, stop, err := prepare(ctx)
	defer stop()
	if err != nil {
		return err
	}
	measured := make(chan error, len(cases))
	for _, c := range cases {
		go func() { measured <- c.measure(ctx, limit, times) }()
	}
	for range cases {
		if failed := <-measured; failed != nil && err == nil {
			err = failed
		}
	}
	if err != nil {
		return err
	}
	allowed := int(limit.Burst + limit.Requests) // the burst is there from the start, and the rate fills it up meanwhile
	fmt.Printf("\n%-34s %9s %9s %9s %9s %11s\n", "", "asked", "admitted", "expected", "ratio", "of the limit")
	for _, c := range cases {
		expected := c.expected(limit)
		fmt.Printf("%-34s %9d %9d %9d %9.2f %10.0f%%\n", c.name, c.asked, c.admitted, expected,
			float64(c.admitted)/float64(expected), 100*float64(c.admitted)/float64(allowed))
	}
	fmt.Printf("\nThe limit allows %d: the burst, and what comes back meanwhile.\n", allowed)
	return nil
}
