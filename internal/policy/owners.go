// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"strings"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// owners are whose tokens a rule permits.
type owners struct {
	users      map[string]bool // folded
	groups     []*group
	privileged bool
}

func compileOwners(o *v1alpha1.Owners, groups groupIndex) owners {
	compiled := owners{users: foldedSet(o.Users), privileged: o.Privileged}
	for _, name := range o.Groups {
		compiled.groups = append(compiled.groups, groups.find(string(name)))
	}
	return compiled
}

func (o *owners) check(q *question, f *findings) {
	answer, doubtful := Yes, []*group(nil)
	if !o.users[q.owner] {
		answer, doubtful = anyOf(o.groups, q.owner, q.Now)
	}
	if answer == No {
		f.misplace("%s", o.explain(q.Owner))
		return // whether a stranger to the rule is privileged is nobody's business
	}
	f.awaitJira(doubtful)
	if !o.privileged {
		q.policy.checkPrivileged(q, f)
	}
}

func (o *owners) explain(owner string) string {
	if len(o.groups) == 0 {
		return fmt.Sprintf("owner %q is not one of its users", owner)
	}
	names := make([]string, len(o.groups))
	for i, g := range o.groups {
		names[i] = g.String()
	}
	return fmt.Sprintf("owner %q is neither one of its users nor in its groups (%s)", owner, strings.Join(names, "; "))
}
