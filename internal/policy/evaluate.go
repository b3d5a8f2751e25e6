// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"strings"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// refusal says why one rule did not permit a request.
type refusal struct {
	rule string
	// applies: the rule is for this namespace and owner, and only a limit stood in the way.
	applies bool
	reasons []string
}

// Evaluate decides on a request.
func (p *Policy) Evaluate(r *Request) Decision {
	if why := p.denied(r); why != "" {
		return Decision{Verdict: Denied, Message: why}
	}
	if why := p.namespaceRefused(r); why != "" {
		return Decision{Verdict: NamespaceNotAllowed, Message: why}
	}
	if p.onlyOwner != "" && grant.FoldUser(r.Owner) != p.onlyOwner {
		return Decision{Verdict: NotPermitted, Message: fmt.Sprintf(
			"policy %s lets the gateway act as the service account %q only: set spec.owner to it", p, p.onlyOwner)}
	}
	var refusals []refusal
	for i := range p.rules {
		found := p.rules[i].evaluate(r)
		if len(found.reasons) == 0 {
			return Decision{
				Verdict: Permitted, Rule: p.rules[i].name,
				Message: fmt.Sprintf("permitted by rule %s of policy %s", p.rules[i].name, p),
			}
		}
		refusals = append(refusals, found)
	}
	return Decision{Verdict: NotPermitted, Message: p.explain(refusals)}
}

// String is namespace/name of the policy.
func (p *Policy) String() string { return p.namespace + "/" + p.name }

func (p *Policy) denied(r *Request) string {
	switch {
	case p.deny.owners[grant.FoldUser(r.Owner)]:
		return fmt.Sprintf("policy %s denies the owner %q (spec.deny.owners)", p, r.Owner)
	case p.deny.namespaces[r.Namespace]:
		return fmt.Sprintf("policy %s denies the namespace %q (spec.deny.namespaces)", p, r.Namespace)
	case p.deny.tokens[r.Namespace+"/"+r.Name]:
		return fmt.Sprintf("policy %s denies this token (spec.deny.tokens)", p)
	}
	return ""
}

func (p *Policy) namespaceRefused(r *Request) string {
	if r.Namespace == p.namespace {
		return "an ApiToken can't be in its policy's namespace, which holds the gateway's keys: declare it where it is used"
	}
	if !p.allowedNamespaces.contains(r.Namespace, r.NamespaceLabels) {
		return fmt.Sprintf("policy %s takes no tokens from namespace %q: its spec.allowedNamespaces asks to %s", p, r.Namespace,
			p.allowedNamespaces.remedy(r.Namespace))
	}
	return ""
}

func (r *rule) evaluate(req *Request) refusal {
	out := refusal{rule: r.name, applies: true}
	if !r.namespaces.contains(req.Namespace, req.NamespaceLabels) {
		out.applies = false
		out.reasons = append(out.reasons, fmt.Sprintf("it is not for namespace %q", req.Namespace))
	}
	if !r.permitsOwner(req.Owner) {
		out.applies = false
		out.reasons = append(out.reasons, r.explainOwner(req.Owner))
	}
	out.reasons = append(out.reasons, r.exceeded(req)...)
	return out
}

func (r *rule) permitsOwner(owner string) bool {
	folded := grant.FoldUser(owner)
	if r.users[folded] {
		return true
	}
	for _, members := range r.members {
		if members[folded] {
			return true
		}
	}
	return false
}

func (r *rule) explainOwner(owner string) string {
	if len(r.groups) == 0 {
		return fmt.Sprintf("owner %q is not one of its users", owner)
	}
	groups := make([]string, len(r.groups))
	for i, name := range r.groups {
		groups[i] = name
		if r.members[i] == nil {
			groups[i] += ", which spec.jiraGroups does not declare"
		}
	}
	return fmt.Sprintf("owner %q is neither one of its users nor in its groups (%s)", owner, strings.Join(groups, "; "))
}

func (p *Policy) explain(refusals []refusal) string {
	if len(refusals) == 0 {
		return fmt.Sprintf("policy %s has no rules, so it permits no token", p)
	}
	applying := make([]refusal, 0, len(refusals))
	for _, r := range refusals {
		if r.applies {
			applying = append(applying, r)
		}
	}
	others := ""
	if len(applying) == 0 {
		applying = refusals
	} else if n := len(refusals) - len(applying); n > 0 {
		others = fmt.Sprintf("; %d other rule(s) are for other owners or namespaces", n)
	}
	parts := make([]string, 0, len(applying))
	for _, r := range applying {
		parts = append(parts, fmt.Sprintf("rule %s: %s", r.rule, strings.Join(r.reasons, "; ")))
	}
	return bounded(fmt.Sprintf("no rule of policy %s permits this token. %s%s", p, strings.Join(parts, ". "), others))
}

// maxMessage bounds a message, which goes into status and events (Kubernetes allows 1024 bytes in an event's note).
const maxMessage = 960

func bounded(s string) string {
	if len(s) <= maxMessage {
		return s
	}
	return strings.ToValidUTF8(s[:maxMessage-len(" …")], "") + " …"
}
