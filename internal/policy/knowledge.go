// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
)

// knowledge is what was read of Jira, and how long it counts.
type knowledge struct {
	snapshot     *directory.Snapshot // nil: nothing was read
	maxStaleness time.Duration
}

func compileKnowledge(d *v1alpha1.Directory, snapshot *directory.Snapshot) (*knowledge, error) {
	if d == nil {
		return nil, nil //nolint:nilnil // a policy without directory is a result, not an error
	}
	maxStaleness, err := d.MaxStaleness.Duration()
	if err != nil {
		return nil, fmt.Errorf("maxStaleness: %w", err)
	}
	return &knowledge{snapshot: snapshot, maxStaleness: maxStaleness}, nil
}

// MaxStaleness is how long what Jira said counts; 0: the policy does not ask Jira.
func (p *Policy) MaxStaleness() time.Duration {
	if p.jira == nil {
		return 0
	}
	return p.jira.maxStaleness
}

// counts tells whether what Jira said at one time still counts at another. What it said long after that counts as little
// as what it said long before: then one of the two times is wrong, such as one that nobody has set.
func (k *knowledge) counts(said, now time.Time) bool {
	return !directory.Stale(said, now, k.maxStaleness)
}

// staleness says since when Jira has not said something.
func (k *knowledge) staleness(what string, said time.Time) string {
	if said.IsZero() {
		return "Jira has not been asked yet about " + what
	}
	return fmt.Sprintf("Jira has not answered about %s since %s, and an answer counts for %s (the policy's "+
		"spec.directory.maxStaleness)", what, said.UTC().Format(time.RFC3339), FormatDuration(k.maxStaleness))
}
