// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// leastHeld is the smallest group whose losses are held: of three, two may well leave on one day.
const leastHeld = 4

// Hold says when a loss that is held is applied.
type Hold struct {
	// For is how long after Jira first spoke of it; 0: at once.
	For time.Duration
	// Confirmed are the codes of the losses that somebody confirmed.
	Confirmed []string
}

// Code identifies a loss of a group's members, for somebody to confirm it. It stays while the loss is held.
func (l *Loss) Code(group string) string {
	sum := sha256.Sum256([]byte(grant.FoldUser(group) + "\n" + l.Since.UTC().Format(time.RFC3339Nano)))
	return hex.EncodeToString(sum[:4])
}

// DueAt is when the loss is applied by itself.
func (l *Loss) DueAt(hold Hold) time.Time { return l.Since.Add(hold.For) }

// IsDue tells whether a group's loss is to be applied.
func (l *Loss) IsDue(group string, now time.Time, hold Hold) bool {
	return !now.Before(l.DueAt(hold)) || slices.Contains(hold.Confirmed, l.Code(group))
}

// isLoss tells whether a group has lost so many members at once that it may be a mistake. That a group is gone counts
// like the loss of all.
func isLoss(before, after map[string]bool) bool {
	if len(before) < leastHeld {
		return false
	}
	lost := 0
	for member := range before {
		if !after[member] {
			lost++
		}
	}
	return 2*lost > len(before)
}

// after is the group once Jira has said something of it. While a loss is held the members stay as they were before, and
// every answer is compared with those.
func (g *Group) after(said *Group) *Group {
	if g == nil || !isLoss(g.Members, said.Members) {
		return said
	}
	next := *g
	next.SyncedAt = said.SyncedAt
	next.Held = &Loss{Since: said.SyncedAt, Members: said.Members, Missing: said.Missing}
	if g.Held != nil {
		next.Held.Since = g.Held.Since
	}
	return &next
}

// settled is the group with its loss applied, if that is due.
func (g *Group) settled(at time.Time, hold Hold) *Group {
	if g.Held == nil || !g.Held.IsDue(g.Name, at, hold) {
		return g
	}
	return &Group{Name: g.Name, Members: g.Held.Members, Missing: g.Held.Missing, SyncedAt: g.SyncedAt}
}

// LossTurn is what became of a group's loss.
type LossTurn int

// What becomes of losses.
const (
	// LossHeld: the group lost more than half of its members, which is not applied.
	LossHeld LossTurn = iota + 1
	// LossApplied: the members that were lost are lost.
	LossApplied
	// LossRecovered: the members came back before the loss was applied.
	LossRecovered
)

// LossChange is a turn in the loss of one group.
type LossChange struct {
	Turn LossTurn
	// Before and After are the group before and after it.
	Before, After *Group
}

// LossChanges lists what became of losses from one Snapshot to the next, in the order of the groups' names.
func LossChanges(before, after *Snapshot) []LossChange {
	var out []LossChange
	if before == nil || after == nil {
		return nil
	}
	for name, now := range after.Groups {
		then := before.Groups[name]
		if then == nil {
			continue
		}
		switch lost := isLoss(then.Members, now.Members); {
		case lost:
			out = append(out, LossChange{LossApplied, then, now})
		case now.Held != nil && then.Held == nil:
			out = append(out, LossChange{LossHeld, then, now})
		case now.Held == nil && then.Held != nil:
			out = append(out, LossChange{LossRecovered, then, now})
		}
	}
	slices.SortFunc(out, func(a, b LossChange) int { return cmp.Compare(a.After.Name, b.After.Name) })
	return out
}
