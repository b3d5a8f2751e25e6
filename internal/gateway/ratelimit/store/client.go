// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// Target is a server and how it knows us. Equal ones can share connections.
type Target struct {
	// Address is host:port.
	Address string
	// Username and Password may be empty.
	Username, Password string
	// TLS: the connection is encrypted, and the server's certificate is checked with CABundle (PEM), or the system's
	// authorities if that is empty.
	TLS      bool
	CABundle string
	// Prefix begins all keys, after that of the library.
	Prefix string
}

const (
	poolSize = 64
	// connIdle is below what servers and firewalls usually allow.
	connIdle       = 2 * time.Minute
	connBufferSize = 4 << 10
)

// silence keeps the library from logging: a line for every call that fails, past our own log.
var silence = sync.OnceFunc(func() { redis.SetLogger(silent{}) })

type silent struct{}

// Printf implements the library's logger.
func (silent) Printf(context.Context, string, ...any) {}

func newClient(t *Target, timeout time.Duration) *redis.Client {
	silence()
	return redis.NewClient(&redis.Options{
		Addr: t.Address, Username: t.Username, Password: t.Password, TLSConfig: t.tlsConfig(),
		Protocol: 2, DisableIdentity: true, // nothing but AUTH and scripts: a user with few rights will do
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		MaxRetries:               -1, // the replica counts instead
		DialTimeout:              warmUp, DialerRetries: 1,
		ContextTimeoutEnabled: true, ReadTimeout: warmUp, WriteTimeout: warmUp, PoolTimeout: timeout,
		PoolSize: poolSize, ConnMaxIdleTime: connIdle,
		ReadBufferSize: connBufferSize, WriteBufferSize: connBufferSize,
	})
}

func (t *Target) tlsConfig() *tls.Config {
	if !t.TLS {
		return nil
	}
	host, _, err := net.SplitHostPort(t.Address)
	if err != nil { // refused where the address is read; the handshake would fail
		host = t.Address
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if t.CABundle != "" {
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM([]byte(t.CABundle))
	}
	return config
}

// fraction: the library counts in floating point, in which a budget may seem to have one request less than it has. So a
// request costs a thousand, and the burst has room for one more than its thousands.
const fraction = 1000

var errUnexpected = errors.New("the server's answer is not one of the script's; is it Redis or Valkey?")

// allow counts one request by the server's clock.
func (s *Store) allow(name string, limit grant.RateLimit, timeout time.Duration) (result *redis_rate.Result, err error) {
	defer func() {
		if recover() != nil { // the library takes the types of an answer for granted
			result, err = nil, errUnexpected
		}
	}()
	ctx, cancel := context.WithTimeout(s.ctx, timeout)
	defer cancel()
	return s.limiter.AllowN(ctx, name, redis_rate.Limit{
		Rate: int(limit.Requests) * fraction, Burst: int(limit.Burst)*fraction + 1, Period: limit.Period,
	}, fraction)
}

const longestError = 200

// short is for the log: what a server says may be of any length. It never repeats what was sent to it.
func short(err error) string {
	text := err.Error()
	if len(text) > longestError {
		text = text[:longestError] + "…"
	}
	return text
}
