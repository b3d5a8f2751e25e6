// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// run serves until the context ends and then drains. It returns early if one of the parts fails.
func (p *program) run(ctx context.Context) error {
	// Not the caller's: while requests are finished, revocations still count.
	running, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	var parts sync.WaitGroup
	part := func(name string, do func() error) {
		parts.Go(func() {
			if err := do(); err != nil && !errors.Is(err, http.ErrServerClosed) {
				cancel(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	part("mirror", func() error { return p.mirror.Run(running) })
	part("server", func() error { return p.server.Serve(p.handler.Listener(p.listener)) })
	part("admin server", func() error { return p.adminServer.Serve(p.adminListener) })
	if p.reporter != nil {
		part("activity", func() error { return p.reporter.Run(running) })
	}

	select {
	case <-ctx.Done():
		p.drain(running)
	case <-running.Done():
	}
	failure := context.Cause(running)
	cancel(nil)
	p.close()
	parts.Wait()
	return failure
}

// drain becomes unready, waits until load balancers have noticed while it still takes requests, and lets those in
// flight finish.
func (p *program) drain(running context.Context) {
	p.handler.Drain()
	if p.reporter != nil {
		p.reporter.Hurry()
	}
	p.log.Info("draining: unready, requests are still taken", "for", p.opts.drainDelay.String())
	delay := time.NewTimer(p.opts.drainDelay)
	defer delay.Stop()
	select {
	case <-delay.C:
	case <-running.Done():
	}
	limited, cancel := context.WithTimeout(running, p.opts.shutdownTimeout)
	defer cancel()
	p.log.Info("finishing the requests in flight", "atMost", p.opts.shutdownTimeout.String())
	if err := p.server.Shutdown(limited); err != nil {
		p.log.Info("some requests did not finish in time and are cut off")
	}
}

// close ends what is left, the audit log last.
func (p *program) close() {
	if err := errors.Join(p.server.Close(), p.adminServer.Close()); err != nil {
		p.log.Error(err, "close")
	}
	p.handler.Close()
	p.log.Info("stopped")
}
