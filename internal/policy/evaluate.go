// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// Evaluate decides on a request: what is denied is denied, whatever the namespace, and so is a declared hash that is too old;
// then the namespace counts, then the one user whom the gateway can act as, then the rules, and only if one permits it, who
// the owner is in Jira.
func (p *Policy) Evaluate(r *Request) Decision {
	if why := p.denied(r); why != "" {
		return Decision{Verdict: Denied, Message: bounded(why)}
	}
	if why := p.tooOld(r); why != "" {
		return Decision{Verdict: HashTooOld, Message: bounded(why)}
	}
	if !p.takesFrom(r) {
		return Decision{Verdict: NamespaceNotAllowed, Message: bounded(p.explainNamespace(r))}
	}
	if p.onlyOwner != "" && grant.FoldUser(r.Owner) != p.onlyOwner {
		return Decision{Verdict: NotPermitted, Message: bounded(fmt.Sprintf(
			"policy %s lets the gateway act as the service account %q only: only it can be spec.owner", p, p.onlyOwner))}
	}
	permitted := p.evaluateRules(r)
	if permitted.Verdict != Permitted {
		return permitted
	}
	return p.checkOwner(r, permitted)
}

func (p *Policy) evaluateRules(r *Request) Decision {
	q := p.ask(r)
	answers := make([]ruleFindings, len(p.rules))
	var outright, approvable *rule
	for i := range p.rules {
		if outright != nil && p.rules[i].needsApproval {
			continue
		}
		answers[i] = ruleFindings{&p.rules[i], p.rules[i].evaluate(q)}
		if answers[i].answer() != Yes {
			continue
		}
		if p.rules[i].needsApproval {
			approvable = laxer(approvable, &p.rules[i])
			continue
		}
		if outright = laxer(outright, &p.rules[i]); outright.limits.maxCredentialAge == 0 {
			break
		}
	}
	permitting := outright
	if permitting == nil {
		permitting = approvable
	}
	if permitting == nil {
		return p.unpermitted(r, answers)
	}
	return Decision{
		Verdict: Permitted, Rule: permitting.name, NeedsApproval: permitting.needsApproval,
		MaxCredentialAge: permitting.limits.maxCredentialAge,
		Message:          fmt.Sprintf("permitted by rule %s of policy %s", permitting.name, p),
	}
}

// Takes tells whether tokens may be declared in a namespace with these labels.
func (p *Policy) Takes(namespace string, labels map[string]string) bool {
	return namespace != p.namespace && p.allowedNamespaces.contains(namespace, labels)
}

func (p *Policy) takesFrom(r *Request) bool { return p.Takes(r.Namespace, r.NamespaceLabels) }

func (p *Policy) explainNamespace(r *Request) string {
	if r.Namespace == p.namespace {
		return "an ApiToken can't be in its policy's namespace, which holds the gateway's keys: declare it where it is used"
	}
	return fmt.Sprintf("policy %s takes no tokens from namespace %q: its spec.allowedNamespaces asks to %s", p, r.Namespace,
		p.allowedNamespaces.remedy(r.Namespace))
}
