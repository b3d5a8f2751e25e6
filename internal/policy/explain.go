// SPDX-License-Identifier: Apache-2.0

package policy

// Explain says what each rule says of a request, the rules by their names. Whether the policy denies the request, or
// takes no tokens from its namespace, is for Evaluate to say.
func (p *Policy) Explain(r *Request) []RuleAnswer {
	q := p.ask(r)
	answers := make([]RuleAnswer, 0, len(p.rules))
	for i := range p.rules {
		found := p.rules[i].evaluate(q)
		answers = append(answers, RuleAnswer{
			Rule: p.rules[i].name, Answer: found.answer(), NeedsApproval: p.rules[i].needsApproval, Reasons: found.reasons(),
		})
	}
	return answers
}
