// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/jiratokens/jira-token-operator/controllers/activity"
	use "github.com/jiratokens/jira-token-operator/internal/activity"
)

const (
	// activityShutdown is longer than what is being written takes.
	activityShutdown = 12 * time.Second
	// activityConnections bounds those that are open, each of some 50 KiB; a gateway has one, while it reports.
	activityConnections = 1024
	// activityPerAddress bounds those of one address: gateways outside the cluster may share one.
	activityPerAddress = 64
)

// activityServer serves reports on every replica. Anybody in the cluster may connect to it, so nobody keeps a connection who has
// not proved to be a gateway.
func (o *Options) activityServer(ctx context.Context, recorder http.Handler) (*manager.Server, error) {
	var network net.ListenConfig
	listener, err := network.Listen(ctx, "tcp", o.Activity.Address)
	if err != nil {
		return nil, fmt.Errorf("listen for reports of activity: %w", err)
	}
	shutdown := activityShutdown
	listener = netutil.LimitListener(activity.LimitPerAddress(listener, activityPerAddress), activityConnections)
	return &manager.Server{
		Name: "activity", ShutdownTimeout: &shutdown,
		// The limits are below TLS, as the server bounds the handshakes of connections that it sees to be TLS.
		Listener: tls.NewListener(listener, &tls.Config{
			GetCertificate: o.Admission.serving.GetCertificate, MinVersion: tls.VersionTLS12,
		}),
		Server: activityHTTP(recorder),
	}, nil
}

// activityHTTP bounds how long anything takes. A report is held while it is written, which its handler bounds.
func activityHTTP(recorder http.Handler) *http.Server {
	return &http.Server{
		Handler:           closing{recorder},
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute,
		MaxHeaderBytes: 32 << 10, DisableGeneralOptionsHandler: true,
		ErrorLog: log.New(io.Discard, "", 0), // handshakes of strangers, and of gateways while certificates are made
	}
}

// closing ends connections with each answer that is no result of a report.
type closing struct{ recorder http.Handler }

// ServeHTTP implements http.Handler.
func (c closing) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	answer := &closingAnswer{ResponseWriter: w}
	if request.URL.Path == use.Path {
		c.recorder.ServeHTTP(answer, request)
	} else {
		http.NotFound(answer, request)
	}
	if answer.refused { // what is left of the request would be waited for
		_ = http.NewResponseController(w).SetReadDeadline(time.Now())
	}
}

type closingAnswer struct {
	http.ResponseWriter

	refused bool
}

// WriteHeader implements http.ResponseWriter. With that header the server answers without waiting for the rest of the request.
func (a *closingAnswer) WriteHeader(status int) {
	if status != http.StatusOK {
		a.refused = true
		a.Header().Set("Connection", "close")
	}
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (a *closingAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
