// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/jiratokens/jira-token-operator/internal/jira"
)

// lookEvery is how often the clock is asked whether an attempt is due.
const lookEvery = 250 * time.Millisecond

// startAccessTokens starts the source of settings that are about to be used. Whoever calls it holds configure.
func (h *Handler) startAccessTokens(s *Settings) {
	source := s.accessTokens
	if source == nil || source.end != nil {
		return
	}
	source.transport, source.clock = s.transport, h.clock
	select {
	case <-h.closed: // nobody would stop it
		return
	default:
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	source.end = func() { cancel(); <-ended }
	log := h.log.WithValues("account", source.request.username, "secret", s.identitySecrets.shared)
	go func() {
		defer close(ended)
		source.run(ctx, log, h.metrics.accessTokens)
	}()
}

// stop ends the goroutine and waits for it, which is not long: an attempt under way is broken off.
func (s *accessTokenSource) stop() {
	if s != nil && s.end != nil {
		s.end()
	}
}

func (s *accessTokenSource) run(ctx context.Context, log logr.Logger, failures prometheus.Counter) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var plan renewal // the first attempt is due at once
	for {
		if !s.clock.Now().Before(plan.next) {
			s.attempt(ctx, &plan, log, failures)
		}
		select {
		case <-ctx.Done():
			return
		case <-s.hurry:
			plan.hurry()
		case <-ticker.C:
		}
	}
}

// attempt fetches a token. One that is held goes on being used until it expires. There is a line in the log when attempts
// begin to fail, or to fail otherwise, and when they no longer do.
func (s *accessTokenSource) attempt(ctx context.Context, plan *renewal, log logr.Logger, failures prometheus.Counter) {
	began := s.clock.Now()
	r := s.request
	fetched, err := jira.FetchAccessToken(ctx, s.transport, r.address, r.host, r.credentials)
	if ctx.Err() != nil {
		return
	}
	var held heldToken
	if before := s.held.Load(); before != nil {
		held = *before
	}
	problem := held.problem
	if err != nil {
		failures.Inc()
		held.problem = err.Error()
		plan.failed(s.clock.Now(), retryAfterOf(err), rand.Float64()) //nolint:gosec // it only keeps replicas apart
		if problem != held.problem {
			log.Info("no access token could be fetched for the service account", "problem", held.problem)
		}
	} else {
		held = heldToken{value: fetched.Value, expires: began.Add(fetched.Lifetime)}
		plan.succeeded(began, fetched.Lifetime, rand.Float64()) //nolint:gosec // as above
		if problem != "" {
			log.Info("access tokens can be fetched for the service account again")
		}
	}
	s.held.Store(&held)
}

func retryAfterOf(err error) time.Duration {
	if unavailable, ok := errors.AsType[*jira.UnavailableError](err); ok {
		return unavailable.RetryAfter
	}
	return 0
}
