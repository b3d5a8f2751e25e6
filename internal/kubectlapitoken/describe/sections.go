// SPDX-License-Identifier: Apache-2.0

package describe

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/show"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

func (p *page) activity(t *v1alpha1.ApiToken) {
	a := t.Status.Activity
	if a == nil {
		p.row("nothing was reported")
		return
	}
	last := "never"
	if a.LastUsedAt != nil {
		last = show.When(a.LastUsedAt.Time, p.now)
	}
	if a.LastAddress != "" {
		last += ", from " + a.LastAddress
	}
	if a.LastUserAgent != "" {
		last += ", with " + a.LastUserAgent
	}
	p.line("Last used", last)
	p.line("Let through", strconv.FormatInt(a.Requests, 10))
	refused := strconv.FormatInt(a.Refused, 10)
	reasons := make([]string, len(a.Refusals))
	for i, r := range a.Refusals {
		reasons[i] = fmt.Sprintf("%s %d", r.Reason, r.Count)
	}
	refused += parenthesis(strings.Join(reasons, ", "))
	if a.LastRefusedAt != nil {
		refused += ", last at " + show.When(a.LastRefusedAt.Time, p.now)
	}
	p.line("Refused", refused)
}

// conditions says what is, since when, and what a person can do about it.
func (p *page) conditions(t *v1alpha1.ApiToken) {
	if len(t.Status.Conditions) == 0 {
		p.row("none: the operator has not looked at it yet; does it run?")
		return
	}
	p.row("TYPE", "STATUS", "REASON", "SINCE", "MESSAGE")
	said := ""
	for _, c := range t.Status.Conditions {
		message := cmp.Or(c.Message, "-")
		if message == said && message != "-" {
			message = "(the same)"
		} else {
			said = message
		}
		p.row(c.Type, string(c.Status), c.Reason, show.Age(c.LastTransitionTime.Time, p.now), message)
	}
	if reason, message := tokens.Reason(t); reason != "" && reason != v1alpha1.ReasonIssued {
		if todo := tokens.FurtherAdvice(reason, message); todo != "" {
			p.row("→ " + todo)
		}
	}
}

func (p *page) approvals(k *known) {
	if len(k.approvals) == 0 {
		return
	}
	p.row("DECISION", "BY", "AGE", "COUNTS", "NAME", "REASON")
	for i := range k.approvals {
		a := &k.approvals[i]
		counts := "no: for another grant"
		if g := k.token.Status.Grant; g != nil && g.Digest == a.Spec.GrantDigest {
			counts = "yes"
		}
		p.row(string(a.Spec.Decision), cmp.Or(stamp.Claimed(a.Annotations[v1alpha1.AnnotationRequestedBy]), "unknown"),
			show.Age(a.CreationTimestamp.Time, p.now), counts, a.Name, cmp.Or(a.Spec.Reason, "-"))
	}
}

func (p *page) events(k *known) {
	if len(k.events) == 0 {
		return
	}
	p.row("TYPE", "REASON", "AGE", "MESSAGE")
	for i := range k.events {
		e := &k.events[i]
		age := show.Age(eventTime(e), p.now)
		if n := eventCount(e); n > 1 {
			age += fmt.Sprintf(" (x%d)", n)
		}
		p.row(e.Type, e.Reason, age, e.Message)
	}
}

// rule shows the policy's rule that permits the token, as it is declared.
func (p *page) rule(k *known) {
	if k.policy == nil || k.token.Status.Rule == "" {
		return
	}
	for i := range k.policy.Spec.Rules {
		r := &k.policy.Spec.Rules[i]
		if r.Name != k.token.Status.Rule {
			continue
		}
		encoded, err := yaml.Marshal(r)
		if err != nil {
			return // what was decoded can be encoded
		}
		fmt.Fprintf(&p.out, "\nRule %s of policy %s:\n", r.Name, tokens.PolicyName(k.token))
		for line := range strings.Lines(string(encoded)) {
			p.out.WriteString("  " + line)
		}
		return
	}
}
