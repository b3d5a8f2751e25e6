// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"net/netip"
	"strings"
)

// Request is what the steps see of a request. Header is the client's and is read only.
type Request struct {
	Method string
	// Target is the request target, byte for byte; Path and RawQuery are its parts.
	Target   string
	Path     string
	RawQuery string
	HasQuery bool
	Header   http.Header
	// Host is the Host header, which the HTTP engine takes out of Header.
	Host string
	// Peer is the other end of the connection.
	Peer netip.Addr
	// Security is what the connection was secured with; empty: nothing.
	Security string
	// ContentLength is -1 if the client did not say.
	ContentLength int64
}

// newRequest shows net/http's request to the steps.
func newRequest(r *http.Request) Request {
	path, query, hasQuery := strings.Cut(r.RequestURI, "?")
	return Request{
		Method: r.Method, Target: r.RequestURI, Path: path, RawQuery: query, HasQuery: hasQuery,
		Header: r.Header, Host: r.Host, Peer: peerAddress(r.RemoteAddr), ContentLength: r.ContentLength,
		Security: securityOf(r.Context()),
	}
}

func peerAddress(remote string) netip.Addr {
	addrPort, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return addrPort.Addr().Unmap().WithZone("")
}
