// SPDX-License-Identifier: Apache-2.0

// Command standin-jira serves internal/jira/jiratest on a socket, for the demo and end-to-end tests. It is no Jira and
// holds nothing beyond its own life.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	drainTime  = 10 * time.Second // for requests in flight at SIGTERM
	headerTime = 30 * time.Second // for a caller to send its headers
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		log.Print(err)
		os.Exit(1)
	}
}

// run serves until ctx ends, then lets requests in flight finish. It says on out where it listens, once it does.
func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parseOptions(args, out)
	if err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", o.listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	if o.baseURL == "" {
		o.baseURL = "http://" + listener.Addr().String() + o.contextPath
	}
	jira, err := o.jira()
	if err != nil {
		return err
	}
	server := &http.Server{Handler: withReceived(jira, o.contextPath), ReadHeaderTimeout: headerTime}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	const started = "standin-jira: listening on http://%s%s, base URL %s\n"
	fmt.Fprintf(out, started, listener.Addr(), o.contextPath, jira.BaseURL())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	jira.Close()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	return server.Shutdown(drain)
}
