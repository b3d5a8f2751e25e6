// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

const (
	// settleTime is how long the caBundle must have had an authority before a replica serves with it: API servers learn
	// of a changed webhook configuration within seconds.
	settleTime = time.Minute
	// spare is how long an authority must still be good to be chosen.
	spare = 2 * settleTime
)

// errNoCertificate is what handshakes end with before the first Observe.
var errNoCertificate = errors.New("there is no certificate yet that the API server would trust")

// Server chooses the certificate that one replica serves with. It is safe for concurrent use.
type Server struct {
	names []string
	clock clock.PassiveClock

	mu      sync.RWMutex
	current *tls.Certificate
	signer  *Authority           // of current
	since   map[string]time.Time // when each authority was first seen in the caBundle, by its raw certificate
}

// NewServer makes one for a server with these DNS names or IP addresses.
func NewServer(c clock.PassiveClock, names ...string) *Server {
	return &Server{names: names, clock: c, since: map[string]time.Time{}}
}

// GetCertificate is for a tls.Config.
func (s *Server) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.current == nil {
		return nil, errNoCertificate
	}
	return s.current, nil
}

// Ready is a readiness check: whether there is a certificate that is still good.
func (s *Server) Ready(*http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if !s.good() {
		return errNoCertificate
	}
	return nil
}

// Observe tells what the Secret and the webhook configuration were seen to be, and chooses. trusted tells of which
// authorities the API server was told; without a webhook configuration nobody asks, and all are. It returns how long
// nothing changes without another observation; 0: for good.
func (s *Server) Observe(set Set, trusted func(*x509.Certificate) bool) (time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	candidates := s.note(set, trusted, now)
	chosen := s.choose(candidates, trusted, now)
	if chosen != nil && (s.signer == nil || !chosen.Certificate.Equal(s.signer.Certificate)) {
		certificate, err := chosen.Issue(now, s.names...)
		if err != nil {
			return 0, err
		}
		s.current, s.signer = certificate, chosen
	}
	return s.unsettled(candidates, now), nil
}

// note remembers since when each authority is trusted, and returns those that are and stay good for a while.
func (s *Server) note(set Set, trusted func(*x509.Certificate) bool, now time.Time) (candidates Set) {
	since := map[string]time.Time{}
	for _, a := range set {
		if !trusted(a.Certificate) || !now.Add(spare).Before(a.Certificate.NotAfter) {
			continue
		}
		candidates = append(candidates, a)
		at, ok := s.since[string(a.Certificate.Raw)]
		if !ok {
			at = now
		}
		since[string(a.Certificate.Raw)] = at
	}
	s.since = since
	return candidates
}

// choose takes the newest authority that has settled. Before one has, what is served stays as it is if it is trusted,
// or if nothing is; else the oldest is the one that most API servers will know.
func (s *Server) choose(candidates Set, trusted func(*x509.Certificate) bool, now time.Time) *Authority {
	for _, a := range slices.Backward(candidates) {
		if !s.settles(a).After(now) {
			return a
		}
	}
	keep := s.good() && trusted(s.signer.Certificate)
	if keep || len(candidates) == 0 {
		return nil
	}
	return candidates[0]
}

func (s *Server) settles(a *Authority) time.Time {
	return s.since[string(a.Certificate.Raw)].Add(settleTime)
}

// unsettled is how long it takes until the next of the candidates has settled; 0: all have.
func (s *Server) unsettled(candidates Set, now time.Time) (next time.Duration) {
	for _, a := range candidates {
		if left := s.settles(a).Sub(now); left > 0 && (next == 0 || left < next) {
			next = left
		}
	}
	return next
}

func (s *Server) good() bool {
	return s.current != nil && s.clock.Now().Before(s.current.Leaf.NotAfter)
}

// TrustedBy tells of which authorities an API server knows that has been given all of these caBundles.
func TrustedBy(bundles ...[]byte) func(*x509.Certificate) bool {
	return func(c *x509.Certificate) bool {
		for _, bundle := range bundles {
			if !inBundle(bundle, c) {
				return false
			}
		}
		return true
	}
}
