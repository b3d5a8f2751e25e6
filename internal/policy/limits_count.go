// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"iter"
	"slices"
)

// checkTokensPerOwner lets the oldest tokens have the places that there are. A token whose place a younger one still
// has waits until that one is blocked: at no time are there more live ones.
//
// An older token has a place if it is live, or if nothing but its issue is missing. One that waits for an approval, is
// denied or of which something is not known takes nobody's place, or declaring many early would stop another's tokens.
func (r *rule) checkTokensPerOwner(q *question, f *findings) {
	most := r.limits.maxTokensPerOwner
	if most == 0 {
		return
	}
	held := r.count(q, q.Older, most, func(other *question, found findings) bool {
		outright := found.answer() == Yes && !r.needsApproval && q.policy.denied(other.Request) == "" &&
			q.policy.tooOld(other.Request) == ""
		return outright || (other.Live && found.answer() != No)
	})
	if held == most {
		f.refuse("it permits %d ApiToken(s) of owner %q (its limits.maxTokensPerOwner), and there are as many older ones: delete one "+
			"that is not needed any more", most, q.Owner)
		return
	}
	held += r.count(q, q.Holding, most-held, func(_ *question, found findings) bool { return found.answer() != No })
	if held == most {
		f.awaitPlace()
	}
}

// count counts tokens of the owner, up to enough, by what the rule finds apart from their number.
func (r *rule) count(q *question, tokens iter.Seq[*Request], enough int, counts func(*question, findings) bool) int {
	n := 0
	if tokens == nil {
		return n
	}
	for other := range tokens {
		if !q.policy.takesFrom(other) {
			continue
		}
		if asked := q.as(other); counts(asked, r.evaluateAlone(asked)) {
			n++
		}
		if n == enough {
			break
		}
	}
	return n
}

// Capped tells whether a rule bounds how many tokens an owner may have.
func (p *Policy) Capped() bool {
	return slices.ContainsFunc(p.rules, func(r rule) bool { return r.limits.maxTokensPerOwner > 0 })
}
