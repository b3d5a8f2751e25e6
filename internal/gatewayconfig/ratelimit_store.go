// SPDX-License-Identifier: Apache-2.0

package gatewayconfig

import (
	"fmt"
	"net"
)

// RateLimitStore is the Redis or Valkey server that all gateways count in.
type RateLimitStore struct {
	// Address is host:port.
	Address string `json:"address"`
	// SecretName is a Secret with the key password and perhaps username; empty: the server asks for none.
	SecretName string `json:"secretName,omitempty"`
	// TLS is how the connection is secured; absent: not at all.
	TLS *RateLimitStoreTLS `json:"tls,omitempty"`
}

// RateLimitStoreTLS has the authorities of the server's certificate; absent: the system's.
type RateLimitStoreTLS struct {
	CA *KeyRef `json:"ca,omitempty"`
}

func (s *RateLimitStore) validate() error {
	if s == nil {
		return nil
	}
	if host, port, err := net.SplitHostPort(s.Address); err != nil || host == "" || port == "" {
		return fmt.Errorf("gateway configuration has rateLimitStore.address %q; host:port is needed", s.Address)
	}
	return nil
}
