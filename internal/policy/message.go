// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// ruleFindings are the findings of one rule, which did not permit a request.
type ruleFindings struct {
	rule *rule
	findings
}

// waitForJira is what to do about what Jira has not said.
const waitForJira = ". Nothing has to be done to the token: the operator asks Jira again by itself, and the policy's " +
	"condition " + v1alpha1.ConditionDirectorySynced + " says what stands in the way"

// stampRemedy is what to do if it is not known who declared a token.
func stampRemedy(namespace, name string) string {
	return fmt.Sprintf(". The operator's webhook stamps an ApiToken with that, and this one has no valid stamp. Whoever is to "+
		"count as who declared it has to run: kubectl annotate apitoken %s -n %s --overwrite %s=\"$(date)\"", name, namespace,
		v1alpha1.AnnotationRequest)
}

// unpermitted is the decision if no rule says yes. If some may still, it names what they wait for; the requester if that
// is all that one of them lacks, for a person can do something about it.
func (p *Policy) unpermitted(r *Request, answers []ruleFindings) Decision {
	open := slices.DeleteFunc(slices.Clone(answers), func(a ruleFindings) bool { return a.answer() != Unknown })
	if len(open) == 0 {
		return Decision{Verdict: NotPermitted, Message: p.explainRefusal(answers)}
	}
	place := slices.IndexFunc(open, func(a ruleFindings) bool { return a.needsPlace && !a.needsJira && !a.needsRequester })
	if place >= 0 {
		return Decision{Verdict: PlacePending, Message: bounded(listRules(open[place : place+1]))}
	}
	waiting := fmt.Sprintf("policy %s can't say yet whether this token is permitted. ", p)
	if slices.ContainsFunc(open, func(a ruleFindings) bool { return a.needsRequester && !a.needsJira }) {
		return Decision{Verdict: RequesterUnknown, Message: tail(waiting+listRules(open), stampRemedy(r.Namespace, r.Name))}
	}
	unread := !slices.ContainsFunc(open, func(a ruleFindings) bool { return a.stale })
	return Decision{Verdict: DirectoryPending, Unread: unread, Message: tail(waiting+listRules(open), waitForJira)}
}

func (p *Policy) explainRefusal(answers []ruleFindings) string {
	if len(answers) == 0 {
		return bounded(fmt.Sprintf("policy %s has no rules, so it permits no token", p))
	}
	applying := slices.DeleteFunc(slices.Clone(answers), func(a ruleFindings) bool { return len(a.misplaced) > 0 })
	others := ""
	switch n := len(answers) - len(applying); {
	case len(applying) == 0:
		applying = answers
		others = ". Declare it in a namespace and for an owner that one rule is for, or ask who administers the policy for a rule"
	case n > 0:
		others = fmt.Sprintf("; %d other rule(s) are for other owners or namespaces", n)
	}
	return tail(fmt.Sprintf("no rule of policy %s permits this token. %s", p, listRules(applying)), others)
}

func listRules(list []ruleFindings) string {
	parts := make([]string, len(list))
	for i, a := range list {
		parts[i] = fmt.Sprintf("rule %s: %s", a.rule.name, a.nearest())
	}
	return strings.Join(parts, ". ")
}

// maxMessage bounds a message, which goes into status and events (Kubernetes allows 1024 bytes in an event's note).
const maxMessage = 960

func bounded(s string) string { return tail(s, "") }

// tail bounds a message and keeps its end, which says what to do.
func tail(s, end string) string {
	if len(s)+len(end) <= maxMessage {
		return s + end
	}
	const cut = " …"
	return strings.ToValidUTF8(s[:max(0, maxMessage-len(cut)-len(end))], "") + cut + end
}
