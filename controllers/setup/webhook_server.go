// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/healthz"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"
)

// webhookLimits bound what strangers can make the webhook's server hold: it can't know who is the API server.
type webhookLimits struct {
	places  places
	pace    pace
	reviews reviewLimits
}

// usualWebhookLimits: an API server gives each review 5 seconds. It has one connection for 100 at once, but begins with one for
// each, and many API servers may come from one address, that of a proxy such as konnectivity's. So an address has as many
// connections as reviews.
func usualWebhookLimits() webhookLimits {
	return webhookLimits{
		places:  places{inAll: 2048, perAddress: 256},
		pace:    pace{headers: 5 * time.Second, request: 5 * time.Second, answer: 10 * time.Second, pause: time.Minute},
		reviews: usualReviewLimits(),
	}
}

// webhookServer is controller-runtime's, with its metrics, but for how it serves.
type webhookServer struct {
	ctrlwebhook.Server

	mux     *http.ServeMux
	address string
	secured *tls.Config
	limits  webhookLimits
	reviews *reviews
	started atomic.Bool
}

type getCertificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)

func newWebhookServer(address string, certificate getCertificate, limits webhookLimits) *webhookServer {
	mux := http.NewServeMux()
	return &webhookServer{
		Server: ctrlwebhook.NewServer(ctrlwebhook.Options{WebhookMux: mux}), mux: mux,
		address: address, limits: limits, reviews: newReviews(limits.reviews),
		secured: &tls.Config{
			GetCertificate: certificate, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		},
	}
}

// Register implements ctrlwebhook.Server. What the bounds refuse is in the metrics.
func (s *webhookServer) Register(path string, hook http.Handler) {
	s.Server.Register(path, s.reviews.bounded(hook))
}

// WebhookMux implements ctrlwebhook.Server.
func (s *webhookServer) WebhookMux() *http.ServeMux { return s.mux }

// Start implements ctrlwebhook.Server.
func (s *webhookServer) Start(ctx context.Context) error {
	listener, err := listen(ctx, s.address, s.limits.places, s.secured)
	if err != nil {
		return fmt.Errorf("listen for the API server: %w", err)
	}
	return s.serve(ctx, listener)
}

func (s *webhookServer) serve(ctx context.Context, listener net.Listener) error {
	s.started.Store(true)
	defer s.started.Store(false)
	return serving("webhook", listener, s.http(ctx)).Start(ctx)
}

// http bounds what HTTP/2 holds of a connection's requests before anybody has read them. It allows the 100 requests that clients
// take for granted until they are told: fewer, and the first ones of an API server could be refused.
func (s *webhookServer) http(ctx context.Context) *http.Server {
	server := s.limits.pace.server(s.mux, 16<<10)
	server.HTTP2 = &http.HTTP2Config{
		MaxConcurrentStreams: 100, MaxReadFrameSize: 16 << 10,
		MaxReceiveBufferPerConnection: 256 << 10, MaxReceiveBufferPerStream: 64 << 10,
		WriteByteTimeout: s.limits.pace.answer,
	}
	whole := context.WithoutCancel(ctx) // what is asked before the end is answered
	server.BaseContext = func(net.Listener) context.Context { return whole }
	return server
}

// StartedChecker implements ctrlwebhook.Server. It does not connect: strangers who take all places must not make a replica
// unready, of which others need more than the webhook.
func (s *webhookServer) StartedChecker() healthz.Checker {
	return func(*http.Request) error {
		if !s.started.Load() {
			return errors.New("the webhook is not served yet")
		}
		return nil
	}
}
