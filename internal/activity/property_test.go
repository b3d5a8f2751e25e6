// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// simulated is a gateway that counts a single token.
type simulated struct {
	name   string
	table  *Table
	unsure []Taken
}

// TestCountsComeOutRight: whatever gateways report, in whatever order, through however many managers, with answers that are lost
// and reports that come twice or late, each request counts exactly once in the end.
func TestCountsComeOutRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gateways := make([]*simulated, rapid.IntRange(1, 4).Draw(t, "gateways"))
		for i := range gateways {
			gateways[i] = &simulated{name: fmt.Sprintf("g%d", i), table: NewTable()}
			gateways[i].table.Hurry()
		}
		var status v1alpha1.ActivityStatus
		var used, refused int64
		now := noon
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			g := rapid.SampledFrom(gateways).Draw(t, "gateway")
			now = now.Add(time.Second)
			switch rapid.SampledFrom([]string{"use", "refuse", "report", "lost answer", "lost report", "later", "unknown", "unsure"}).Draw(t, "step") {
			case "use":
				g.table.Used(tokenA, seen(now, "203.0.113.0/24", "curl"), now)
				used++
			case "refuse":
				g.table.Refused(tokenA, "scope", now.Unix(), now)
				refused++
			case "report":
				g.report(&status, Written, now)
			case "lost answer": // written, and the gateway does not know
				g.take(now)
				g.merge(&status)
				g.lost()
			case "lost report":
				g.take(now)
				g.lost()
			case "later": // a manager that has too much to write, whatever another one wrote before
				g.take(now)
				g.answer(Later, now)
			case "unknown": // one that has not heard of the token yet
				g.take(now)
				g.answer(Unknown, now)
			case "unsure": // one whose write timed out
				g.take(now)
				g.merge(&status)
				g.answer(Unsure, now)
			}
		}
		for _, g := range gateways {
			g.report(&status, Written, now)
			g.report(&status, Written, now)
		}
		if status.Requests != used || status.Refused != refused {
			t.Fatalf("%d requests and %d refused are counted, there were %d and %d", status.Requests, status.Refused, used, refused)
		}
	})
}

func (g *simulated) take(now time.Time) {
	if len(g.unsure) == 0 {
		g.unsure = g.table.Take(MaxUses, now)
	}
}

func (g *simulated) merge(s *v1alpha1.ActivityStatus) {
	for i := range g.unsure {
		Merge(s, g.name, &g.unsure[i].Use)
	}
}

func (g *simulated) report(s *v1alpha1.ActivityStatus, result Result, now time.Time) {
	g.take(now)
	g.merge(s)
	g.answer(result, now)
}

func (g *simulated) answer(result Result, now time.Time) {
	var rest []Taken
	for i := range g.unsure {
		if !g.table.Return(&g.unsure[i], result, now) {
			rest = append(rest, g.unsure[i])
		}
	}
	g.unsure = rest
}

func (g *simulated) lost() {
	for i := range g.unsure {
		g.unsure[i].MayBeWritten()
	}
}
