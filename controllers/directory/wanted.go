// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"slices"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// wantedGroup is a group that a policy needs to know of.
type wantedGroup struct {
	name v1alpha1.JiraGroupName
	// field is where the policy names it.
	field string
	// optional: it is no problem if Jira has no such group.
	optional bool
}

// wantedGroups lists the groups that are to be read from Jira, each once, by folded name as well.
func wantedGroups(spec *v1alpha1.TokenPolicySpec) (list []wantedGroup, names map[string]bool) {
	names = map[string]bool{}
	add := func(g wantedGroup) {
		folded := grant.FoldUser(string(g.name))
		if !names[folded] {
			names[folded] = true
			list = append(list, g)
		}
	}
	for _, g := range spec.JiraGroups {
		if g.FromJira != nil {
			add(wantedGroup{name: g.Name, field: "spec.jiraGroups"})
		}
	}
	for _, name := range spec.PrivilegedGroups {
		add(wantedGroup{
			name: name, field: "spec.privilegedGroups",
			optional: slices.Contains(v1alpha1.DefaultPrivilegedGroups(), name), // not every Jira has them
		})
	}
	return list, names
}

// candidates are the owners whom some rule might permit. A stranger's token must not make us ask Jira about any name that
// comes to their mind.
type candidates struct {
	users  map[string]bool // folded
	groups []string        // that are read from Jira, folded
}

func candidatesOf(spec *v1alpha1.TokenPolicySpec) *candidates {
	c := &candidates{users: map[string]bool{}}
	declared := map[string]*v1alpha1.JiraGroup{}
	for i := range spec.JiraGroups {
		declared[grant.FoldUser(string(spec.JiraGroups[i].Name))] = &spec.JiraGroups[i]
	}
	add := func(names []v1alpha1.JiraUserName) {
		for _, name := range names {
			c.users[grant.FoldUser(string(name))] = true
		}
	}
	for i := range spec.Rules {
		add(spec.Rules[i].Owners.Users)
		for _, name := range spec.Rules[i].Owners.Groups {
			folded := grant.FoldUser(string(name))
			switch group := declared[folded]; {
			case group == nil:
			case group.FromJira != nil:
				c.groups = append(c.groups, folded)
			default:
				add(group.Members)
			}
		}
	}
	return c
}

// includes tells whether some rule might permit an owner, given by folded name, by what is known of the groups.
func (c *candidates) includes(owner string, known *directory.Snapshot) bool {
	return c.users[owner] || slices.ContainsFunc(c.groups, func(name string) bool {
		group := known.Group(name)
		return group != nil && group.Members[owner]
	})
}
