// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"encoding/binary"
	"math"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/internal/scope"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// shard is one immutable part of the table: an open-addressing index into flat entries, whose strings lie in one arena.
type shard struct {
	index   []uint32 // position of an entry plus one; 0: free. Its length is a power of two.
	entries []entry
	arena   string
	ranges  []flatPrefix
	scopes  []scope.Set // each set that an entry has
	// garbage counts the bytes of the arena that no entry may refer to any more. It may count too many: strings are
	// shared.
	garbage int
}

// span is a part of a shard's arena or ranges.
type span struct{ start, length uint32 }

func spanOf(start, length int) span {
	return span{start: uint32(start), length: uint32(length)} //nolint:gosec // a shard is far from 4 GiB
}

// entry has no pointer, so that the garbage collector never looks into a shard's entries.
type entry struct {
	hash                                     token.Hash
	id, owner, namespace, name, uid, blocked span
	ranges, headers                          span
	expiresAt, retireAt                      int64
	ratePeriod                               int64 // of a RateLimit, like the next three; 0: none
	rateRequests, rateBurst, rateConcurrent  int32
	scopes                                   uint32 // position in the shard's
	issuedAt                                 uint32 // in Unix seconds, where there is room; 0: not known
	isBlocked                                bool
}

func (s *shard) len() int {
	if s == nil {
		return 0
	}
	return len(s.entries)
}

// slot is where the search for a hash begins. A hash is uniformly random, so its bytes need no further hashing; the
// first one chose the shard.
func slot(h *token.Hash, size int) int { return int(binary.LittleEndian.Uint32(h[1:5])) & (size - 1) }

func (s *shard) find(h *token.Hash) (position int, found bool) {
	for i := slot(h, len(s.index)); ; i = (i + 1) & (len(s.index) - 1) {
		p := int(s.index[i])
		if p == 0 {
			return 0, false
		}
		if s.entries[p-1].hash == *h {
			return p - 1, true
		}
	}
}

// buildIndex makes an index that is at most half full, so that searches are short and always end.
func (s *shard) buildIndex() {
	size := 8
	for size < 2*len(s.entries) {
		size *= 2
	}
	s.index = make([]uint32, size)
	for p := range s.entries {
		i := slot(&s.entries[p].hash, size)
		for s.index[i] != 0 {
			i = (i + 1) & (size - 1)
		}
		s.index[i] = uint32(p + 1)
	}
}

func (s *shard) text(at span) string { return s.arena[at.start : at.start+at.length] }

func (s *shard) prefixes(at span) []flatPrefix {
	return s.ranges[at.start : at.start+at.length : at.start+at.length]
}

func (s *shard) record(position int) Record {
	e := &s.entries[position]
	return Record{
		ID: s.text(e.id), Owner: s.text(e.owner),
		Namespace: s.text(e.namespace), Name: s.text(e.name), UID: s.text(e.uid),
		Scopes:  s.scopes[e.scopes],
		Blocked: e.isBlocked, BlockedReason: s.text(e.blocked),
		IssuedAt: int64(e.issuedAt), ExpiresAt: e.expiresAt, RetireAt: e.retireAt,
		Ranges:  RangeView{flat: s.prefixes(e.ranges)},
		Headers: HeaderPatterns(s.text(e.headers)),
		RateLimit: RateLimit{
			Requests: e.rateRequests, Period: time.Duration(e.ratePeriod), Burst: e.rateBurst, Concurrent: e.rateConcurrent,
		},
	}
}

// credential is the way back from an entry.
func (s *shard) credential(position int, c *Credential) {
	r := s.record(position)
	*c = Credential{
		ID: r.ID, Hash: s.entries[position].hash,
		Token:     TokenReference{Namespace: r.Namespace, Name: r.Name, UID: types.UID(r.UID)},
		IssuedAt:  issueTime(r.IssuedAt),
		ExpiresAt: timeOf(r.ExpiresAt), RetireAt: timeOf(r.RetireAt),
		State: Active, BlockedReason: r.BlockedReason,
		Grant: Grant{Owner: r.Owner, Scopes: r.Scopes.Names(), SourceRanges: r.Ranges.all(), Headers: r.Headers.all()},
	}
	if limit := r.RateLimit; limit != (RateLimit{}) {
		c.Grant.RateLimit = &limit
	}
	if r.Blocked {
		c.State = Blocked
	}
}

// nanoseconds of a time that may be missing. A time that the number can't hold, or that would read as none, becomes the
// nearest one that it can.
func nanoseconds(t *time.Time) int64 {
	switch {
	case t == nil:
		return 0
	case t.After(maxTime):
		return maxTime.UnixNano()
	case t.Before(minTime):
		return minTime.UnixNano()
	}
	return t.UnixNano()
}

// seconds of a time of issue, which has no parts of one: until 2106.
func seconds(t time.Time) uint32 {
	if t.IsZero() {
		return 0
	}
	return uint32(min(max(t.Unix(), 1), math.MaxUint32))
}

func issueTime(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// The times that an entry can hold: what lies before has ended for long, what lies after never ends while it matters.
var (
	minTime = time.Unix(0, 1).UTC()
	maxTime = time.Date(2262, time.January, 1, 0, 0, 0, 0, time.UTC)
)

func timeOf(ns int64) *time.Time {
	if ns == 0 {
		return nil
	}
	t := time.Unix(0, ns).UTC()
	return &t
}
