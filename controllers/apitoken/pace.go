// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// When very many credentials are due at once, such as by a limit that was just added, each would be made in its token's first
// run, and the second runs, which write them, would come after all first ones: too late to be used.
const (
	// mostUnderWay is how many credentials wait for their write into the Secret before others are made.
	mostUnderWay = 500
	// underWayFor is the age up to which one counts. One that waits for longer has its Secret refused, and must not hold up
	// others.
	underWayFor = 30 * time.Second
	// heldBackFor is how soon a token that was held back is looked at again, at the least; at the most it is three times that.
	heldBackFor = 30 * time.Second
	// writeFirst is the priority in the queue of what was begun: above 0, which is that of all that happens.
	writeFirst = 10
)

// holdBack tells whether a token's next credential has to wait for others to be written, and has it looked at again.
func (r *Reconciler) holdBack(t *v1alpha1.ApiToken, v *verdict) bool {
	now := r.Clock.Now()
	if !r.pendings.crowded(t.UID, now) {
		return false
	}
	v.look(now.Add(heldBackFor + jitter(t.UID, 2*jitterShare*heldBackFor)))
	return true
}

// crowded tells whether as many credentials of other tokens are under way as may be, and this one's is not begun.
func (p *pendings) crowded(uid types.UID, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, own := p.byToken[uid]; own || len(p.byToken) < mostUnderWay {
		return false
	}
	n := 0
	for _, m := range p.byToken {
		if m.underWay(now) {
			n++
		}
	}
	return n >= mostUnderWay
}

func (m *pending) underWay(now time.Time) bool { return now.Sub(m.since).Abs() < underWayFor }

// begun tells whether a token has a pending credential, of whatever age.
func (p *pendings) begun(uid types.UID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.byToken[uid]
	return ok
}

// priority is that of a token's next run; nil: as this one. before: it had a pending credential before this run.
func (p *pendings) priority(uid types.UID, now time.Time, before bool) *int {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, ok := p.byToken[uid]
	switch {
	case ok && m.underWay(now):
		return new(writeFirst)
	case ok || before:
		return new(0)
	}
	return nil
}
