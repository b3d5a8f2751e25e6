// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

const (
	unprovedEvery = time.Minute
	// maxUnproved bounds the owners that are remembered; what goes beyond within a minute is only in the audit log.
	maxUnproved = 1024
)

// unprovedLog tells an administrator which Secret to look at when Jira does not take requests for an owner's: at most
// once a minute for each owner, since a workload that fails tries again.
type unprovedLog struct {
	mu   sync.Mutex
	last map[string]time.Time // by folded owner
}

func (l *unprovedLog) write(log logr.Logger, x *exchange) {
	owner := grant.FoldUser(x.record.Owner)
	if !l.due(owner, x.start) {
		return
	}
	details := []any{
		"owner", owner, "apiToken", x.record.Namespace + "/" + x.record.Name,
		"upstreamStatus", x.upstreamStatus, "problem", x.refusal.Message,
	}
	if name := x.settings.identitySecrets.of(owner); name != "" {
		details = append(details, "secret", name)
	}
	log.Info("Jira did not take a request for the token's owner's", details...)
}

func (l *unprovedLog) due(owner string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if last, ok := l.last[owner]; ok && now.Sub(last) < unprovedEvery {
		return false
	}
	if len(l.last) >= maxUnproved {
		for other, last := range l.last {
			if now.Sub(last) >= unprovedEvery {
				delete(l.last, other)
			}
		}
	}
	if len(l.last) >= maxUnproved {
		return false
	}
	if l.last == nil {
		l.last = map[string]time.Time{}
	}
	l.last[owner] = now
	return true
}
