// SPDX-License-Identifier: Apache-2.0

package apitoken

import "slices"

// mostEndedHashes bounds what is remembered. Each takes a revocation by the policy, which whoever declares hashes can't make.
const mostEndedHashes = 64

// endedHashes are the ids of the token's hashes that the policy's revokeIssuedBefore ends or has ended, the latest last. They
// stay ended, also when that field is set to an earlier time or removed, or another hash was declared in between. Those of
// tokens that the operator made are among them: whoever kept such a token could declare its hash.
func (s *situation) endedHashes() (ids []string) {
	add := func(id string) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for i := range s.slots {
		for _, id := range s.slots[i].notes.EndedHashes {
			add(id)
		}
	}
	if s.compiled != nil {
		cut := rotation{revokedBefore: s.compiled.RevokedBefore(s.now)}
		for i := range s.slots {
			if c := s.slots[i].credential; c != nil && cut.revoked(c) {
				add(c.Hash.DerivedID())
			}
		}
	}
	return ids[max(len(ids)-mostEndedHashes, 0):]
}
