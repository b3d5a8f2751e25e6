// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"crypto/sha256"
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

const (
	// repeatedFor is how long the last line about a token is remembered: longer than a cache is behind.
	repeatedFor = time.Minute
	// manyLines is from how many on those that are older are thrown out.
	manyLines = 1 << 14
)

// lastLines remember the last line about each token that was put into the audit trail. Its status tells the same, but the cache
// may not show that yet. The zero value is ready.
type lastLines struct {
	mu      sync.Mutex
	byToken map[types.UID]lastLine
	full    int // so many that the old ones are thrown out
}

type lastLine struct {
	digest [sha256.Size]byte
	at     time.Time
}

// repeats tells whether a line is the last one over again, and remembers it. The same change a second time is none: there was
// another line in between.
func (l *lastLines) repeats(uid types.UID, line string, now time.Time) bool {
	digest := sha256.Sum256([]byte(line))
	l.mu.Lock()
	defer l.mu.Unlock()
	if last, ok := l.byToken[uid]; ok && last.digest == digest && last.isRecent(now) {
		return true
	}
	if l.byToken == nil {
		l.byToken = map[types.UID]lastLine{}
	}
	if len(l.byToken) >= max(l.full, manyLines) {
		maps.DeleteFunc(l.byToken, func(_ types.UID, last lastLine) bool { return !last.isRecent(now) })
		l.full = 2 * len(l.byToken) // where none is old, they are not looked through for each line
	}
	l.byToken[uid] = lastLine{digest, now}
	return false
}

func (l lastLine) isRecent(now time.Time) bool { return now.Sub(l.at).Abs() < repeatedFor }
