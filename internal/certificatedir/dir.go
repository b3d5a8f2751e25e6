// SPDX-License-Identifier: Apache-2.0

// Package certificatedir serves with a certificate that somebody else makes: tls.crt, tls.key and ca.crt of a folder, such as a
// mounted Secret of cert-manager. They are read anew when they change.
//
// The library's watcher of certificates fails at the start while there are none, and does not look at the authorities.
package certificatedir

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"
)

const (
	// lookAgain is how soon a change is noticed. The kubelet itself takes up to a minute or two.
	lookAgain = 5 * time.Second
	// overlap is how long an authority goes on being trusted that is not in ca.crt any more: other replicas may still serve with
	// a certificate of it.
	overlap = time.Hour
)

var errNotLooked = errors.New("the certificate has not been read yet")

// Dir is such a folder. It is safe for concurrent use.
type Dir struct {
	path  string
	names []string
	clock clock.PassiveClock
	log   logr.Logger

	changed chan struct{}

	mu      sync.RWMutex
	files   files            // that are in use
	current *tls.Certificate // nil: none was usable yet
	problem error            // of what was read last; nil: it is in use
	trusted []authority
	bundle  string // of trusted
}

// authority is a certificate of ca.crt.
type authority struct {
	*x509.Certificate

	until time.Time // zero: it is in there
}

// New makes one for a server with these DNS names or IP addresses. Nothing is read before Look or Start.
func New(path string, c clock.PassiveClock, log logr.Logger, names ...string) *Dir {
	return &Dir{
		path: path, names: names, clock: c, log: log.WithValues("folder", path), changed: make(chan struct{}, 1), problem: errNotLooked,
	}
}

// Start looks at the folder until the context ends.
func (d *Dir) Start(ctx context.Context) error {
	ticker := time.NewTicker(lookAgain)
	defer ticker.Stop()
	for {
		d.Look()
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// NeedLeaderElection is for the manager: every replica serves.
func (*Dir) NeedLeaderElection() bool { return false }

// Changed tells, once, that there are other authorities than before.
func (d *Dir) Changed() <-chan struct{} { return d.changed }

// GetCertificate is for a tls.Config.
func (d *Dir) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.current == nil {
		return nil, d.problem
	}
	return d.current, nil
}

// Ready is a readiness check: whether there is a certificate that is still good.
func (d *Dir) Ready(*http.Request) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.current == nil {
		return d.problem
	}
	if end := d.current.Leaf.NotAfter; !d.clock.Now().Before(end) {
		expired := fmt.Errorf("the certificate in %s expired at %s", d.path, end.UTC().Format(time.RFC3339))
		return errors.Join(expired, d.problem)
	}
	return nil
}

// Authorities are what certifies the server, in PEM: those of ca.crt and, for a while, those that were in it. Empty: none are
// known.
func (d *Dir) Authorities() string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.bundle
}
