// SPDX-License-Identifier: Apache-2.0

package store

import (
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gateway/ratelimit"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

const (
	// maxRefusals bounds what is remembered.
	maxRefusals = 10_000
	// askAgain is the longest that a refusal is repeated without asking: the server may have been emptied meanwhile.
	askAgain = time.Second
)

// refusals remembers until when tokens are refused, so that one that hammers costs no call for each of its requests. What
// is refused takes nothing, so nobody else can make that time shorter or longer.
type refusals struct {
	mu    sync.Mutex
	known map[budget]refusal
}

type budget struct {
	key   ratelimit.Key
	limit grant.RateLimit // another limit is another budget: it has to be asked for
}

type refusal struct{ askAt, allowedAt time.Time }

func (r *refusals) find(key ratelimit.Key, limit grant.RateLimit, now time.Time) (ratelimit.Budget, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.known[budget{key, limit}]
	if !ok || !now.Before(found.askAt) {
		return ratelimit.Budget{}, false
	}
	return ratelimit.Refused(found.allowedAt.Sub(now)), true
}

func (r *refusals) remember(key ratelimit.Key, limit grant.RateLimit, now time.Time, retryAfter time.Duration) ratelimit.Budget {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = map[budget]refusal{}
	}
	if len(r.known) >= maxRefusals {
		maps.DeleteFunc(r.known, func(_ budget, old refusal) bool { return !now.Before(old.askAt) })
	}
	if len(r.known) >= maxRefusals {
		clear(r.known)
	}
	key.UID = strings.Clone(key.UID) // the caller's may be a part of a whole table
	r.known[budget{key, limit}] = refusal{askAt: now.Add(min(retryAfter, askAgain)), allowedAt: now.Add(retryAfter)}
	return ratelimit.Refused(retryAfter)
}

func (r *refusals) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.known)
}
