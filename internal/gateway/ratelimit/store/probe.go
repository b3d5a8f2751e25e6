// SPDX-License-Identifier: Apache-2.0

package store

import (
	"time"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// warmUp is how long a probe may take to connect, which no request waits for.
const warmUp = time.Second

// probe asks, beside the requests, whether the server is back. A PING would not do: it is answered by a server whose script
// or write is refused.
func (s *Store) probe() {
	s.probes.Go(func() {
		err := s.tryOut()
		if s.ctx.Err() != nil {
			return
		}
		if err == nil {
			s.refusals.forget() // it may have been emptied
		}
		if s.breaker.probed(err == nil, time.Now()) {
			s.tell(err)
		}
	})
}

// tryOut counts twice: the first call makes a connection, the second has to be as fast as those of requests.
func (s *Store) tryOut() error {
	name, limit := s.prefix+"probe", grant.RateLimit{Requests: 1000, Period: time.Second, Burst: 1000}
	if _, err := s.allow(name, limit, warmUp); err != nil {
		return err
	}
	_, err := s.allow(name, limit, s.options.Timeout)
	return err
}
