// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"bytes"
	"context"
	"crypto/tls"
	"log"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/jiratokens/jira-token-operator/controllers/activity"
)

// What is served here is served to anybody in the cluster, so nothing that a stranger may begin is without a bound.

// shutdown is longer than anything takes that is being answered.
const shutdown = 12 * time.Second

// places bound the connections that are open.
type places struct{ inAll, perAddress int }

// listen opens a port. The bounds are below TLS, as the HTTP server bounds the handshakes of connections that it sees to be TLS.
func listen(ctx context.Context, address string, p places, secured *tls.Config) (net.Listener, error) {
	var network net.ListenConfig
	listener, err := network.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return tls.NewListener(netutil.LimitListener(activity.LimitPerAddress(listener, p.perAddress), p.inAll), secured), nil
}

// pace bounds how long anything takes.
type pace struct{ headers, request, answer, pause time.Duration }

func (p pace) server(handler http.Handler, headerBytes int) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: p.headers, ReadTimeout: p.request, WriteTimeout: p.answer, IdleTimeout: p.pause,
		MaxHeaderBytes: headerBytes, DisableGeneralOptionsHandler: true,
		ErrorLog: log.New(withoutHandshakes{}, "", 0),
	}
}

// serving has a manager serve, and end in order.
func serving(name string, listener net.Listener, server *http.Server) *manager.Server {
	timeout := shutdown
	return &manager.Server{Name: name, Listener: listener, Server: server, ShutdownTimeout: &timeout}
}

// withoutHandshakes logs what HTTP servers complain of, but not the handshakes of strangers: they could fill the log. Whoever may
// connect has the reason in their own.
type withoutHandshakes struct{}

// Write implements io.Writer.
func (withoutHandshakes) Write(line []byte) (int, error) {
	if !bytes.Contains(line, []byte("TLS handshake error")) {
		ctrl.Log.WithName("http").Info(string(bytes.TrimSpace(line)))
	}
	return len(line), nil
}
