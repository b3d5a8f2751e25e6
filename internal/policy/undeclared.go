// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"strings"
)

// Doubts says what of a policy can be used and was hardly meant: rules that name a group which spec.jiraGroups does not
// declare, and which therefore has no members. Empty: there is nothing to say.
func (p *Policy) Doubts() string {
	var doubts []string
	add := func(r *rule, field string, groups []*group) {
		for _, g := range groups {
			if g.undeclared {
				doubts = append(doubts, fmt.Sprintf("rule %s: %s names the group %q, which spec.jiraGroups does not declare, so that "+
					"it has no members: declare it there with its members or fromJira, or correct the name", r.name, field, g.name))
			}
		}
	}
	for i := range p.rules {
		r := &p.rules[i]
		add(r, "owners.groups", r.owners.groups)
		if r.create != nil {
			add(r, "create.onBehalf", r.create.jiraGroups)
		}
	}
	return bounded(strings.Join(doubts, "; "))
}
