// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"net"
	"sync"
)

// addressLimit is a listener that keeps no more than so many connections of an address open. Those beyond it are closed at once:
// waiting, they would take the places of others.
type addressLimit struct {
	net.Listener

	open *Shares
}

// LimitPerAddress bounds the connections of each address, so that nobody can take them all.
func LimitPerAddress(l net.Listener, most int) net.Listener {
	return &addressLimit{Listener: l, open: NewShares(most)}
}

// Accept implements net.Listener.
func (l *addressLimit) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		peer := c.RemoteAddr().String()
		if l.open.Take(peer) {
			return &limitedConn{Conn: c, leave: sync.OnceFunc(func() { l.open.Give(peer) })}, nil
		}
		_ = c.Close()
	}
}

type limitedConn struct {
	net.Conn

	leave func()
}

// Close implements net.Conn.
func (c *limitedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
