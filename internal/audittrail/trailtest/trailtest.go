// SPDX-License-Identifier: Apache-2.0

// Package trailtest has an audit trail that tests read.
package trailtest

import (
	"slices"
	"sync"

	"github.com/jiratokens/jira-token-operator/internal/audittrail"
)

// Recording keeps what is recorded. Its zero value is ready.
type Recording struct {
	mu      sync.Mutex
	entries []audittrail.Entry
}

// Record implements audittrail.Recorder.
func (r *Recording) Record(e audittrail.Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, e)
}

// Entries are those that there are, the oldest first.
func (r *Recording) Entries() []audittrail.Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.entries)
}

// Of are those that match, the oldest first.
func (r *Recording) Of(match func(*audittrail.Entry) bool) []audittrail.Entry {
	return slices.DeleteFunc(r.Entries(), func(e audittrail.Entry) bool { return !match(&e) })
}

// Take are the entries since they were last taken.
func (r *Recording) Take() []audittrail.Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.entries
	r.entries = nil
	return taken
}
