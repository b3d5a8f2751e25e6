// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// group is a Jira group: its members are declared, read from Jira, or both.
type group struct {
	name string
	// undeclared: a rule names it and spec.jiraGroups does not; it has no members.
	undeclared bool
	members    map[string]bool // the declared ones; folded
	// jira is where the others are read from; nil: there are no others.
	jira *knowledge
	read *directory.Group // nil: never
}

// groupIndex finds groups by their folded names.
type groupIndex map[string]*group

func compileGroups(list []v1alpha1.JiraGroup, jira *knowledge) (groupIndex, error) {
	groups := make(groupIndex, len(list))
	for i := range list {
		g := &group{name: string(list[i].Name), members: foldedSet(list[i].Members)}
		if list[i].FromJira != nil {
			if jira == nil {
				return nil, fmt.Errorf("spec.jiraGroups[%d] (%s): fromJira needs spec.directory, which says how to read Jira", i, g.name)
			}
			g.readFrom(jira)
		}
		groups[grant.FoldUser(g.name)] = g
	}
	return groups, nil
}

// find is the group of a name, which may be one that nobody has declared.
func (i groupIndex) find(name string) *group {
	if g := i[grant.FoldUser(name)]; g != nil {
		return g
	}
	return &group{name: name, undeclared: true}
}

// readFrom refers to the snapshot's own set: a policy is compiled often, and a group may have 50,000 members.
func (g *group) readFrom(jira *knowledge) {
	g.jira, g.read = jira, jira.snapshot.Group(g.name)
}

// has tells whether a user (folded) is a member.
func (g *group) has(user string, now time.Time) Answer {
	switch {
	case g.members[user]:
		return Yes
	case g.jira == nil:
		return No
	case g.read == nil || !g.jira.counts(g.read.SyncedAt, now):
		return Unknown
	case !g.read.Missing && g.read.Members[user]:
		return Yes
	}
	return No
}

// doubt says why it is not known who is a member.
func (g *group) doubt() string {
	var said time.Time
	if g.read != nil {
		said = g.read.SyncedAt
	}
	return g.jira.staleness(fmt.Sprintf("its group %q", g.name), said)
}

// String is the name, with why the group has no members.
func (g *group) String() string {
	switch {
	case g.undeclared:
		return g.name + ", which spec.jiraGroups does not declare"
	case g.read != nil && g.read.Missing && len(g.members) == 0:
		return g.name + ", which Jira does not have"
	}
	return g.name
}

// anyOf asks several groups: one that has the user is enough. doubtful are those that could still have them.
func anyOf(groups []*group, user string, now time.Time) (answer Answer, doubtful []*group) {
	for _, g := range groups {
		switch g.has(user, now) {
		case Yes:
			return Yes, nil
		case Unknown:
			doubtful = append(doubtful, g)
		case No:
		}
	}
	if len(doubtful) > 0 {
		return Unknown, doubtful
	}
	return No, nil
}
