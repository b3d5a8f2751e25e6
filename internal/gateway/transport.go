// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net"
	"net/http"
	"time"
)

const (
	dialTimeout           = 10 * time.Second
	tlsHandshakeTimeout   = 10 * time.Second
	responseHeaderTimeout = 5 * time.Minute // Jira's slow searches and exports
	// idleConnTimeout is below the 20 seconds after which Jira's Tomcat closes: a POST on a connection that is just being
	// closed can't be repeated.
	idleConnTimeout = 15 * time.Second
	maxIdleConns    = 256
	// maxConns is as many as there can be requests: none waits for a connection without end.
	maxConns                = maxRequests
	maxResponseHeaderBytes  = 256 << 10
	transportBufferSizeByte = 16 << 10
)

// adoptTransport keeps the connections of the settings before, if they lead to the same Jira by the same trust. It
// returns the transport that is no longer needed.
func (s *Settings) adoptTransport(before *Settings) (unused *http.Transport) {
	if s.transport != nil { // these settings were in use before
		return nil
	}
	if before != nil && before.upstream.key() == s.upstream.key() && *before.target == *s.target {
		s.transport = before.transport
		return nil
	}
	s.transport = newTransport(&s.upstream)
	if before != nil {
		return before.transport
	}
	return nil
}

// newTransport uses no proxy from the environment: the requests carry other people's identities. It speaks HTTP/1.1 only,
// as Tomcat does by default.
func newTransport(upstream *upstreamTLS) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        upstream.config(),
		TLSHandshakeTimeout:    tlsHandshakeTimeout,
		ResponseHeaderTimeout:  responseHeaderTimeout,
		IdleConnTimeout:        idleConnTimeout,
		MaxIdleConns:           maxIdleConns,
		MaxIdleConnsPerHost:    maxIdleConns,
		MaxConnsPerHost:        maxConns,
		MaxResponseHeaderBytes: maxResponseHeaderBytes,
		DisableCompression:     true, // bytes pass as they are
		Protocols:              protocols,
		ReadBufferSize:         transportBufferSizeByte,
		WriteBufferSize:        transportBufferSizeByte,
	}
}
