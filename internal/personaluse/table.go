// SPDX-License-Identifier: Apache-2.0

package personaluse

import (
	"maps"
	"strings"
	"sync"
	"time"
)

const (
	// maxNamed and maxNameless bound the entries with and without a user. Whoever has no account at Jira can make up
	// clients and paths, and must not crowd out those who have.
	maxNamed    = 4096
	maxNameless = 1024
	// maxNames bounds the user names that are known.
	maxNames = 1 << 14
)

// Table counts, in bounded memory.
type Table struct {
	since time.Time

	mu              sync.Mutex
	named, nameless map[Use]Entry
	names           map[string]string // that Jira answered with, by their lower case
}

// NewTable makes a table that begins now.
func NewTable(now time.Time) *Table {
	return &Table{since: now, named: map[Use]Entry{}, nameless: map[Use]Entry{}, names: map[string]string{}}
}

// Add counts a request. answered is the user whom Jira took the caller for, empty for nobody. claimed is a name that the
// caller gave; people type passwords there, so it counts only if Jira answered with it before.
func (t *Table) Add(use Use, answered, claimed string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if use.User = answered; answered == "" {
		use.User = t.names[strings.ToLower(claimed)]
	} else if len(t.names) < maxNames {
		t.names[strings.ToLower(answered)] = answered
	}
	table, most := t.nameless, maxNameless
	if use.User != "" {
		table, most = t.named, maxNamed
	}
	entry, known := table[use]
	if !known && len(table) >= most { // the few of these that there can be have room beyond the bound
		use.User, use.Client, use.Path = "", Other, Other
		table = t.nameless
		entry = table[use]
	}
	entry.Use, entry.Count, entry.LastSeen = use, entry.Count+1, now
	table[use] = entry
}

// Report is what was counted until now.
func (t *Table) Report() Report {
	t.mu.Lock()
	all := maps.Clone(t.named)
	maps.Copy(all, t.nameless)
	t.mu.Unlock()
	return Report{Since: t.since, Entries: sorted(all)}
}
