// SPDX-License-Identifier: Apache-2.0

// Command demo tells the project's whole story on this machine: a real Kubernetes API server, a stand-in Jira that
// enforces what Jira enforces, and the manager and the gateway as processes, started with the flags of their
// Deployments. No cluster is needed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

// patience bounds the transcript. It takes well under a minute, but for the first build of the programs.
const patience = 20 * time.Minute

var errDiffered = errors.New("the story did not go as told")

func main() {
	once := flag.Bool("once", false, "end after the transcript; the exit code tells whether every step went as told")
	flag.Parse()
	ctrl.SetLogger(logr.Discard()) // of the library that starts the API server
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *once)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, once bool) (err error) {
	s, err := newStage()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	story, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := s.build(story); err != nil {
		return fmt.Errorf("%w (logs are in %s)", err, s.Dir)
	}
	told := tell(story, s)
	if err := story.Err(); err != nil {
		return fmt.Errorf("%w (logs are in %s)", err, s.Dir)
	}
	if once {
		return told
	}
	s.stay(ctx)
	return told
}
