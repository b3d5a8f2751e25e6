// SPDX-License-Identifier: Apache-2.0

package cani

import (
	"slices"
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// suppose takes --member-of and --requester-member-of for what Jira says: of the owner and of the requester, in place of
// all that was or could be read.
func (g *gathering) suppose() error {
	p, owner := g.facts.Policy, string(g.facts.Token.Spec.Owner)
	name, read := p.Namespace+"/"+p.Name, groupsOfJira(&p.Spec)
	ownerGroups, err := supposed(name, read, "--member-of", g.memberOf)
	if err != nil {
		return err
	}
	requesterGroups, err := supposed(name, read, "--requester-member-of", g.requesterMemberOf)
	if err != nil {
		return err
	}
	jiraName := ""
	if g.facts.Requester != nil {
		jiraName, _ = policy.JiraName(p.Spec.Requesters, g.facts.Requester.User)
	}
	same := grant.SameUser(jiraName, owner)
	if same {
		ownerGroups = append(ownerGroups, requesterGroups...)
	}
	g.facts.Directory = emptySnapshot(read, g.facts.Now)
	addUser(g.facts.Directory, owner, ownerGroups, g.facts.Now)
	g.note("supposed that %q is an active user of Jira, in %s", owner, describeGroups(ownerGroups))
	if jiraName != "" && !same {
		addUser(g.facts.Directory, jiraName, requesterGroups, g.facts.Now)
		g.note("supposed that the Jira user of %q, if there is one, is in %s", g.facts.Requester.User,
			describeGroups(requesterGroups))
	}
	return nil
}

// groupsOfJira are the names of the groups whose members are read from Jira.
func groupsOfJira(spec *v1alpha1.TokenPolicySpec) []string {
	if spec.Directory == nil {
		return nil
	}
	var names []string
	for _, g := range spec.JiraGroups {
		if g.FromJira != nil {
			names = append(names, string(g.Name))
		}
	}
	for _, name := range spec.PrivilegedGroups {
		if !containsFolded(names, string(name)) {
			names = append(names, string(name))
		}
	}
	return names
}

// supposed checks the groups that a flag names; the empty name is for none.
func supposed(of string, read []string, flag string, names []string) ([]string, error) {
	if len(read) == 0 {
		return nil, usage.Errorf("%s: policy %s reads no group from Jira; who is in its groups, it says itself", flag, of)
	}
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "" })
	for _, name := range names {
		if !containsFolded(read, name) {
			return nil, usage.Errorf("%s is %q, which is no group that policy %s reads from Jira; those are %s", flag, name, of,
				strings.Join(read, ", "))
		}
	}
	return names, nil
}

func containsFolded(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return grant.FoldUser(n) == grant.FoldUser(name) })
}

func emptySnapshot(groups []string, now time.Time) *directory.Snapshot {
	s := &directory.Snapshot{Groups: map[string]*directory.Group{}, Users: map[string]*directory.User{}}
	for _, name := range groups {
		s.Groups[grant.FoldUser(name)] = &directory.Group{Name: name, Members: map[string]bool{}, SyncedAt: now}
	}
	return s
}

// addUser adds an active user with their groups.
func addUser(s *directory.Snapshot, name string, groups []string, now time.Time) {
	folded := grant.FoldUser(name)
	s.Users[folded] = &directory.User{Name: name, Key: folded, Active: true, CheckedAt: now}
	for _, group := range groups {
		s.Groups[grant.FoldUser(group)].Members[folded] = true
	}
}

func describeGroups(names []string) string {
	const others = "no group that the policy reads from Jira"
	if len(names) == 0 {
		return others
	}
	return strings.Join(names, ", ") + " and " + strings.Replace(others, "group", "other group", 1)
}
