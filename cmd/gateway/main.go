// SPDX-License-Identifier: Apache-2.0

// Command gateway is a reverse proxy in front of one Jira: it lets requests through that carry a token of ours, as the
// token's owner and within its limits. It needs get, list and watch on the Secrets of its own namespace, nothing else.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/jiratokens/jira-token-operator/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	context.AfterFunc(ctx, stop) // the first signal drains, a second one ends the process at once
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	cli.Exit("gateway", err)
}

// run is the program, but for the process that it runs in. Audit lines go to out, logs to errOut.
func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	o, err := parseFlags(args, out)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return nil
	case err != nil:
		return fmt.Errorf("%w: %w", cli.ErrUsage, err)
	case o.showVersion:
		_, err := fmt.Fprintln(out, cli.Version())
		return err
	}
	log, err := o.log.Open(errOut)
	if err != nil {
		return err
	}
	p, err := newProgram(ctx, o, out, log)
	if err != nil {
		return err
	}
	log.Info("starting", "version", cli.Version(), "namespace", o.namespace, "policy", o.policy,
		"listen", p.listener.Addr().String(), "adminListen", p.adminListener.Addr().String())
	return p.run(ctx)
}
