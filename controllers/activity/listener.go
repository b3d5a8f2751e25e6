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

	most int

	mu   sync.Mutex
	open map[string]int // by address; none is 0
}

// LimitPerAddress bounds the connections of each address, so that nobody can take them all.
func LimitPerAddress(l net.Listener, most int) net.Listener {
	return &addressLimit{Listener: l, most: most, open: map[string]int{}}
}

// Accept implements net.Listener.
func (l *addressLimit) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		address := addressOf(c.RemoteAddr().String())
		if l.enter(address) {
			return &limitedConn{Conn: c, leave: sync.OnceFunc(func() { l.leave(address) })}, nil
		}
		_ = c.Close()
	}
}

func (l *addressLimit) enter(address string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[address] >= l.most {
		return false
	}
	l.open[address]++
	return true
}

func (l *addressLimit) leave(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[address]--
	if l.open[address] <= 0 {
		delete(l.open, address)
	}
}

// addressOf is the host of a peer, or all of it if it has no port.
func addressOf(peer string) string {
	host, _, err := net.SplitHostPort(peer)
	if err != nil {
		return peer
	}
	return host
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
