// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// compilePrivileged makes the groups whose members need a rule that says so. With a directory Jira is asked for their
// members, also where the policy declares some: a declaration that lags behind must not let an administrator slip through.
func compilePrivileged(names []v1alpha1.JiraGroupName, groups groupIndex, jira *knowledge) []*group {
	compiled := make([]*group, 0, len(names))
	for _, name := range names {
		g := &group{name: string(name)}
		if declared := groups[grant.FoldUser(g.name)]; declared != nil {
			g.members = declared.members
		}
		if jira != nil {
			g.readFrom(jira)
		}
		compiled = append(compiled, g)
	}
	return compiled
}

// checkPrivileged is for rules that are not for privileged owners.
func (p *Policy) checkPrivileged(q *question, f *findings) {
	for _, g := range p.privileged {
		if g.has(q.owner, q.Now) == Yes {
			f.refuse("owner %q is in Jira's group %q, whose members' tokens are permitted only by rules with owners.privileged: "+
				"true (the policy's spec.privilegedGroups): use another owner, such as a technical user outside that group",
				q.Owner, g.name)
			return
		}
	}
	_, doubtful := anyOf(p.privileged, q.owner, q.Now)
	f.awaitJira(doubtful)
}
