// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

const (
	// settleDelay is how long a new credential is in its hash Secret before workloads can read its token: the time that the
	// gateways' watches may need to tell of it. A workload that reads the new token at once must not be refused.
	settleDelay = 5 * time.Second
	// pendingFor is the age up to which a credential that replaces another one may still be written into the Secret. It is
	// well below abandonedAfter, when another manager may delete it.
	pendingFor = 2 * time.Minute
)

// pendings holds the tokens that were made to replace others, for the moment until they are written into their Secrets.
// They are in memory only: what is lost with it is made anew.
type pendings struct {
	mu      sync.Mutex
	byToken map[types.UID]pending
}

type pending struct {
	plaintext token.Token
	secret    types.UID // of the hash Secret
	name      string    // of the Secret that it was made for
	since     time.Time
}

func (p *pendings) note(uid types.UID, made pending) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for other, m := range p.byToken {
		if made.since.Sub(m.since).Abs() > pendingFor { // its ApiToken is gone
			delete(p.byToken, other)
		}
	}
	if p.byToken == nil {
		p.byToken = map[types.UID]pending{}
	}
	p.byToken[uid] = made
}

// of finds the slot of a token's pending credential, and its token.
func (p *pendings) of(uid types.UID, slots []slot) (made pending, at slot, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	made, ok = p.byToken[uid]
	if !ok {
		return pending{}, slot{}, false
	}
	at, ok = slotWith(slots, made.plaintext.Hash())
	return made, at, ok && at.secret.UID == made.secret
}

func (p *pendings) forget(uid types.UID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.byToken, uid)
}
