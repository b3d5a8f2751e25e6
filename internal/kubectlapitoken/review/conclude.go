// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"strings"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// conclude puts together the decision that is certain and the one that is possible. What is permitted if no selector
// matches is permitted; what is refused even if all match is refused.
func (f *Facts) conclude(out *Review, certain, possible *policy.Decision) {
	if certain.Verdict == policy.Permitted {
		f.permitted(out, certain, possible)
		return
	}
	out.Answer, out.Reason = verdictOf(possible.Verdict)
	out.Message = possible.Message
	if out.Answer == No {
		return
	}
	if out.Answer == Yes { // and for certain it is not
		out.Answer, out.Reason = Unknown, reasonLabelsUnknown
	}
	if f.NamespaceLabels == nil || f.Requester == nil || f.unread() { // all of which can be helped here
		out.Message = f.dependence(out)
	}
}

// reasonLabelsUnknown is no reason of an ApiToken's: the manager can read every namespace.
const reasonLabelsUnknown = "NamespaceLabelsUnknown"

func (f *Facts) permitted(out *Review, certain, possible *policy.Decision) {
	out.Answer, out.Reason = verdictOf(certain.Verdict)
	out.Rule, out.Approval, out.Message = certain.Rule, certain.NeedsApproval, certain.Message
	if out.Approval {
		out.Message += ", once it is approved by somebody other than who declares it"
	}
	if certain.NeedsApproval && !possible.NeedsApproval {
		out.Message += fmt.Sprintf("; rule %s, which needs no approval, may permit it too", possible.Rule)
	}
}

// openness finds what is not known here and would change an answer.
func (f *Facts) openness(out *Review, certain, possible *judgement) Open {
	var open Open
	open.Labels = certain.decision.Verdict != possible.decision.Verdict
	open.Members = f.unread() && possible.decision.Verdict == policy.DirectoryPending
	for i := range out.Rules {
		unknown := possible.rules[i].Answer == policy.Unknown
		open.Labels = open.Labels || certain.rules[i].Answer != possible.rules[i].Answer
		open.Members = open.Members || (unknown && f.unread())
		open.Requester = open.Requester || (unknown && f.Requester == nil && f.declared(out.Rules[i].Name).Create != nil)
	}
	return open
}

// dependence names all that would have to be known.
func (f *Facts) dependence(out *Review) string {
	var needs []string
	if out.Open.Labels {
		needs = append(needs, fmt.Sprintf("the labels of namespace %q", f.Token.Namespace))
	}
	if out.Open.Requester {
		needs = append(needs, "who declares it")
	}
	if out.Open.Members || out.Reason == v1alpha1.ReasonDirectoryPending {
		needs = append(needs, fmt.Sprintf("what Jira says of its groups, and of %q", f.Token.Spec.Owner))
	}
	return fmt.Sprintf("whether policy %s permits this token depends on what is not known here: %s", f.policyName(),
		strings.Join(needs, "; "))
}
