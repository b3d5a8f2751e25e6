// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// create says who may declare tokens under a rule.
type create struct {
	self            bool
	users           []string
	groups          []string // of Kubernetes
	serviceAccounts []string // their user names
	jiraGroups      []*group
}

func compileCreate(c *v1alpha1.Create, groups groupIndex) *create {
	if c == nil {
		return nil
	}
	compiled := &create{self: c.Self}
	for _, s := range c.OnBehalf {
		switch s.Kind {
		case v1alpha1.SubjectUser:
			if !strings.HasPrefix(s.Name, serviceAccountPrefix) { // for those there is a kind, which names the namespace
				compiled.users = append(compiled.users, s.Name)
			}
		case v1alpha1.SubjectGroup:
			compiled.groups = append(compiled.groups, s.Name)
		case v1alpha1.SubjectServiceAccount:
			name := serviceAccountPrefix + string(s.Namespace) + ":" + s.Name
			compiled.serviceAccounts = append(compiled.serviceAccounts, name)
		case v1alpha1.SubjectJiraGroup:
			compiled.jiraGroups = append(compiled.jiraGroups, groups.find(s.Name))
		}
	}
	return compiled
}

func (c *create) check(q *question, f *findings) {
	if q.Requester == nil {
		f.awaitRequester("who declared the token is not known, and the rule asks for that (its create)")
		return
	}
	answer, doubtful := c.permits(q)
	if answer == No {
		f.refuse("%q declared the token and may not: the rule lets %s declare it%s; one of those can take the token over by "+
			"changing its annotation %s; applying the same manifest again is not enough",
			q.Requester.User, c.subjects(q.Owner), c.namelessness(q), v1alpha1.AnnotationRequest)
	}
	f.awaitJira(doubtful)
}

func (c *create) permits(q *question) (answer Answer, doubtful []*group) {
	user := q.Requester.User
	switch {
	case c.self && q.jiraName != "" && q.jiraName == q.owner,
		slices.Contains(c.users, user), slices.Contains(c.serviceAccounts, user),
		slices.ContainsFunc(c.groups, func(name string) bool { return slices.Contains(q.Requester.Groups, name) }):
		return Yes, nil
	case q.jiraName == "":
		return No, nil
	}
	return anyOf(c.jiraGroups, q.jiraName, q.Now)
}

// subjects lists who may declare tokens, but single users and ServiceAccounts not by name: whoever reads the message
// need not be able to read the policy.
func (c *create) subjects(owner string) string {
	var list []string
	if c.self {
		list = append(list, fmt.Sprintf("the owner (Jira user %q)", owner))
	}
	for _, name := range c.groups {
		list = append(list, fmt.Sprintf("a member of the Kubernetes group %q", name))
	}
	for _, g := range c.jiraGroups {
		list = append(list, fmt.Sprintf("a member of the Jira group %q", g.name))
	}
	if len(c.users)+len(c.serviceAccounts) > 0 {
		list = append(list, "certain users or ServiceAccounts that the policy names")
	}
	switch n := len(list); n {
	case 0:
		return "nobody"
	case 1:
		return list[0]
	default:
		return strings.Join(list[:n-1], ", ") + " or " + list[n-1]
	}
}

// namelessness says why the requester is nobody in Jira, where that matters.
func (c *create) namelessness(q *question) string {
	if q.nameless == "" || (!c.self && len(c.jiraGroups) == 0) {
		return ""
	}
	return fmt.Sprintf(" (%q has no Jira name: %s)", q.Requester.User, q.nameless)
}
