// SPDX-License-Identifier: Apache-2.0

// Command bench-activity measures what it costs to tell what very many tokens are used for, while all of them are in use: the
// writes to the API server in a second, the API server's share of a processor with them and without, and how far the last use
// that a token's status tells of is behind at most, against what docs/activity.md promises. The requests are real ones, through
// a gateway to a server that answers at once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

func main() {
	b := &bench{}
	flag.IntVar(&b.n, "n", 10_000, "how many tokens are in use")
	flag.Float64Var(&b.rate, "rate", 10, "the manager's --activity-writes-per-second")
	flag.DurationVar(&b.cycle, "cycle", time.Minute, "how often each token is used")
	flag.DurationVar(&b.duration, "for", 25*time.Minute, "how long they are in use; let it be longer than the bound")
	flag.Parse()
	ctrl.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, b)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-activity:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, b *bench) (err error) {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	if b.stack, err = stack.New(root, filepath.Join(root, "bin", "bench-activity")); err != nil {
		return err
	}
	b.stack.ManagerArgs = []string{
		fmt.Sprintf("--activity-writes-per-second=%v", b.rate), "--max-concurrent-reconciles=16", // to have them issued sooner
	}
	defer func() { err = errors.Join(err, b.stack.Stop()) }()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	defer b.jira.Close()
	return b.measure(ctx)
}
