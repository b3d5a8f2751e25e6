// SPDX-License-Identifier: Apache-2.0

package cani

import (
	"fmt"
	"slices"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/review"
)

// notes are what has to be known of an answer.
type notes struct {
	// always: said whatever the answer is.
	always []string
	// labels, members and uncounted say why something is not known and what helps; empty: it is known.
	labels, members, uncounted string
}

// about picks those that bear on an answer.
func (n *notes) about(r *review.Review, p *v1alpha1.TokenPolicy) []string {
	out := slices.Clone(n.always)
	if r.Open.Labels {
		out = append(out, n.labels)
	}
	if r.Open.Members {
		out = append(out, n.members)
	}
	counts := func(i int) bool { return p.Spec.Rules[i].Limits.MaxTokensPerOwner != nil }
	for i := range p.Spec.Rules {
		stillOpen := slices.ContainsFunc(r.Rules, func(rule review.Rule) bool {
			return rule.Name == p.Spec.Rules[i].Name && rule.Answer != review.No
		})
		if n.uncounted != "" && counts(i) && stillOpen {
			return append(out, n.uncounted)
		}
	}
	return out
}

// withoutMembers says what it means that nothing is known of Jira's groups.
func withoutMembers(why string) string {
	return "what Jira says of its groups and users is not known (" + why + "): --member-of and --requester-member-of suppose it"
}

// uncounted says that a limit was left aside.
func (g *gathering) uncounted(why string) string {
	return fmt.Sprintf("other tokens of %q were not counted for maxTokensPerOwner: %s", g.facts.Token.Spec.Owner, why)
}
