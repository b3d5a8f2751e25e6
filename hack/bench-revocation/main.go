// SPDX-License-Identifier: Apache-2.0

// Command bench-revocation measures how long a token still works after its ApiToken was deleted: from the call that
// deletes it to the first 401 of the gateway, through the real manager, API server and gateway. In the same run it
// measures a peer, the time until a plain watch of the API server tells of the deletion: no design that goes through
// the API can be faster.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

func main() {
	n := flag.Int("n", 100, "how many tokens to revoke, one after the other")
	flag.Parse()
	ctrl.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *n)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-revocation:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n int) (err error) {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	local, err := stack.New(root, filepath.Join(root, "bin", "bench-revocation"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, local.Stop()) }()
	jira := jiratest.New(jiratest.Config{ContextPath: "/jira", BaseURL: "https://jira.corp.example/jira"})
	server := httptest.NewServer(jira)
	defer server.Close()
	b := &bench{stack: local, jira: jira}
	if err := b.prepare(ctx, server.URL+"/jira", n); err != nil {
		return err
	}
	fmt.Printf("%d tokens are live; deleting them one by one\n", n)
	refused, seen := make([]time.Duration, n), make([]time.Duration, n)
	for i := range n {
		if refused[i], seen[i], err = b.revoke(ctx, i); err != nil {
			return err
		}
	}
	report(refused, seen)
	return nil
}

func report(refused, seen []time.Duration) {
	ratios := make([]float64, len(refused))
	for i := range refused {
		ratios[i] = float64(refused[i]) / float64(seen[i])
	}
	slices.Sort(refused)
	slices.Sort(seen)
	slices.Sort(ratios)
	at := func(p float64) int { return min(len(refused)-1, int(p*float64(len(refused)))) }
	fmt.Printf("\n%-34s %8s %8s %8s %8s\n", "after the call that deletes", "p50", "p90", "p99", "max")
	row := func(name string, d []time.Duration) {
		fmt.Printf("%-34s", name)
		for _, p := range []float64{0.5, 0.9, 0.99, 1} {
			fmt.Printf(" %5.1f ms", float64(d[at(p)].Microseconds())/1000)
		}
		fmt.Println()
	}
	row("first 401 of the gateway", refused)
	row("peer: a watch tells of it", seen)
	fmt.Printf("%-34s %8.2f %8.2f %8.2f %8.2f\n", "ratio, pair by pair",
		ratios[at(0.5)], ratios[at(0.9)], ratios[at(0.99)], ratios[at(1)])
}
