// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Content is a digest of all that decisions depend on: members, users, held losses, and what of it is stale. When Jira
// confirmed it does not matter beyond that, so that the digest changes only if somebody's tokens may have to.
func (s *Snapshot) Content(now time.Time, maxStaleness time.Duration) string {
	d := digest{sha256.New()}
	if s != nil {
		for _, name := range slices.Sorted(maps.Keys(s.Groups)) {
			g := s.Groups[name]
			d.strings("group", name, d.bool(g.Missing), d.bool(Stale(g.SyncedAt, now, maxStaleness)))
			d.set(g.Members)
			if g.Held != nil {
				d.strings("held", g.Held.Since.UTC().Format(time.RFC3339Nano), d.bool(g.Held.Missing))
				d.set(g.Held.Members)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(s.Users)) {
			u := s.Users[name]
			d.strings("user", name, u.Key, u.FormerKey, d.bool(u.Active), d.bool(Stale(u.CheckedAt, now, maxStaleness)))
		}
	}
	return hex.EncodeToString(d.Sum(nil)[:16])
}

// digest takes in strings so that no two sequences of them look the same.
type digest struct{ hash.Hash }

func (d digest) strings(all ...string) {
	for _, text := range all {
		_, _ = d.Write(binary.AppendUvarint(nil, uint64(len(text)))) // never fails
		_, _ = d.Write([]byte(text))
	}
}

func (d digest) set(names map[string]bool) {
	d.strings(strconv.Itoa(len(names)))
	d.strings(slices.Sorted(maps.Keys(names))...)
}

func (digest) bool(b bool) string { return strconv.FormatBool(b) }
