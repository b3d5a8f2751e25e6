// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// Listener secures the connections of l as the settings say at the time. While these want TLS and have no certificate,
// connections are closed: nothing is served in plain.
func (h *Handler) Listener(l net.Listener) net.Listener { return &listener{Listener: l, handler: h} }

type listener struct {
	net.Listener

	handler *Handler
}

// Accept implements net.Listener. The handshake is net/http's, which has a time-out for it and does not do it here, where
// it would hold up others.
func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		s := l.handler.settings.Load()
		if s == nil || s.tls == nil {
			return conn, nil // without settings it is answered with 503
		}
		if s.tls.config != nil {
			return tls.Server(&securedConn{Conn: conn, security: s.tls.clientKey}, s.tls.config), nil
		}
		_ = conn.Close()
	}
}

// securedConn remembers by which settings a connection was accepted.
type securedConn struct {
	net.Conn

	security string
}

type securityKey struct{}

// withSecurity is for http.Server's ConnContext.
func withSecurity(ctx context.Context, conn net.Conn) context.Context {
	if over, ok := conn.(*tls.Conn); ok {
		if under, ok := over.NetConn().(*securedConn); ok {
			return context.WithValue(ctx, securityKey{}, under.security)
		}
	}
	return ctx
}

func securityOf(ctx context.Context) string {
	security, _ := ctx.Value(securityKey{}).(string)
	return security
}

// checkConnection ends connections from before TLS was turned on, or from before other client certificates were asked
// for. Those from before a new certificate of the gateway's go on.
func checkConnection(s *Settings, r *Request) *Refusal {
	if s.tls == nil || r.Security == s.tls.clientKey && r.Security != "" {
		return nil
	}
	refusal := refuse(http.StatusMisdirectedRequest, reasonConnection,
		"client certificates are judged in another way since this connection was made; connect again")
	if r.Security == "" {
		refusal.Message = "this gateway is to be reached by HTTPS only"
	}
	refusal.Close = true
	return refusal
}
