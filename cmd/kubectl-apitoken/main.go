// SPDX-License-Identifier: Apache-2.0

// Command kubectl-apitoken is a kubectl plugin: what a person does by hand with ApiTokens. On the PATH, kubectl runs it
// as `kubectl apitoken`.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	code := kubectlapitoken.Run(ctx, os.Args[1:], streams, clock.RealClock{})
	stop()
	os.Exit(code)
}
