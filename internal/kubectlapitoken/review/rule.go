// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"slices"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// rule puts together what one rule says for certain and what it may say.
func (f *Facts) rule(certain, possible *policy.RuleAnswer) Rule {
	out := Rule{Name: possible.Rule, Answer: answerOf(possible.Answer), Approval: possible.NeedsApproval, Why: possible.Reasons}
	declared := f.declared(possible.Rule)
	if out.Answer == Unknown && f.unread() {
		out.Why = f.memberDoubts(declared)
	}
	if certain.Answer != possible.Answer {
		out.Answer = Unknown
		out.Why = append([]string{f.labelDoubt(&declared.Namespaces)}, out.Why...)
	}
	return out
}

// declared finds a rule that internal/policy has spoken of.
func (f *Facts) declared(name string) *v1alpha1.Rule {
	i := slices.IndexFunc(f.Policy.Spec.Rules, func(r v1alpha1.Rule) bool { return r.Name == name })
	return &f.Policy.Spec.Rules[i]
}

// unread tells whether the policy goes by what Jira says, and that could not be read.
func (f *Facts) unread() bool { return f.Policy.Spec.Directory != nil && f.Directory == nil }

// memberDoubts says on whose membership in which groups a rule's answer depends. It asks internal/policy about variants
// of the rule, each of which leaves one thing open.
func (f *Facts) memberDoubts(r *v1alpha1.Rule) []string {
	owner := f.Token.Spec.Owner
	var doubts []string
	about := func(format string, args ...any) {
		doubts = append(doubts, "it depends on "+fmt.Sprintf(format, args...))
	}
	anyOwner := v1alpha1.Owners{Users: []v1alpha1.JiraUserName{owner}, Privileged: true}

	if f.leavesOpen(r, v1alpha1.Owners{Users: r.Owners.Users, Groups: r.Owners.Groups, Privileged: true}, nil) {
		for _, g := range r.Owners.Groups {
			if f.leavesOpen(r, v1alpha1.Owners{Groups: []v1alpha1.JiraGroupName{g}, Privileged: true}, nil) {
				about("whether %q is in Jira's group %q", owner, g)
			}
		}
	}
	if f.leavesOpen(r, v1alpha1.Owners{Users: anyOwner.Users, Privileged: r.Owners.Privileged}, nil) {
		for _, g := range f.Policy.Spec.PrivilegedGroups {
			about("whether %q is in Jira's group %q, whose members may not own such tokens", owner, g)
		}
	}
	switch {
	case r.Create == nil || !f.leavesOpen(r, anyOwner, r.Create):
	case f.Requester == nil:
		about("who declares the token")
	default:
		for _, s := range r.Create.OnBehalf {
			if f.leavesOpen(r, anyOwner, &v1alpha1.Create{OnBehalf: []v1alpha1.Subject{s}}) {
				about("whether the Jira user of %q is in Jira's group %q", f.Requester.User, s.Name)
			}
		}
	}
	return doubts
}

// leavesOpen tells whether a rule's answer would be unknown if it had these owners and requesters.
func (f *Facts) leavesOpen(r *v1alpha1.Rule, owners v1alpha1.Owners, create *v1alpha1.Create) bool {
	variant := r.DeepCopy()
	variant.Owners, variant.Create = owners, create
	p := *f.withSelectors(matchAll)
	p.Spec.Rules = []v1alpha1.Rule{*variant}
	for _, set := range namespaceSets(&p)[1:] {
		*set = matchAll
	}
	judged, err := f.judge(&p)
	return err == nil && judged.rules[0].Answer == policy.Unknown
}
