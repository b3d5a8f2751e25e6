// SPDX-License-Identifier: Apache-2.0

package describe

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/gitops"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/show"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
)

// page is what is written, section by section.
type page struct {
	out   strings.Builder
	table io.Writer // of the section
	now   time.Time
}

// text says all that is known.
func text(k *known, now time.Time) string {
	p := &page{now: now}
	p.section("", func() { p.head(k) })
	p.section("Grant", func() { p.grant(k.token) })
	p.section("Credential", func() { p.credential(k.token) })
	p.section("Activity", func() { p.activity(k.token) })
	p.section("Conditions", func() { p.conditions(k.token) })
	p.section("Approvals", func() { p.approvals(k) })
	p.section("Events", func() { p.events(k) })
	p.rule(k)
	for _, note := range k.notes {
		fmt.Fprintf(&p.out, "\nNote: %s.", oneline.Printable(note))
	}
	return strings.TrimRight(p.out.String(), "\n") + "\n"
}

// section writes a title and what is below it, if that is anything.
func (p *page) section(title string, write func()) {
	var below strings.Builder
	table := printers.GetNewTabWriter(&below)
	p.table = table
	write()
	_ = table.Flush() // into memory
	if below.Len() == 0 {
		return
	}
	if title == "" {
		p.out.WriteString(below.String())
		return
	}
	fmt.Fprintf(&p.out, "\n%s:\n", title)
	for line := range strings.Lines(below.String()) {
		p.out.WriteString("  " + line)
	}
}

// line writes a title and a value; an empty one is left out.
func (p *page) line(title, value string) {
	if value != "" {
		fmt.Fprintf(p.table, "%s:\t%s\n", title, oneline.Printable(value))
	}
}

// row writes a line of a table.
func (p *page) row(cells ...string) {
	for i := range cells {
		cells[i] = oneline.Printable(cells[i])
	}
	fmt.Fprintln(p.table, strings.Join(cells, "\t"))
}

func (p *page) head(k *known) {
	t := k.token
	reason, _ := tokens.Reason(t)
	p.line("ApiToken", tokens.Name(t))
	p.line("Description", t.Spec.Description)
	if t.Status.ObservedGeneration != t.Generation {
		reason = "the operator has not looked at its spec yet"
	}
	p.line("State", string(tokens.StateOf(t, p.now))+parenthesis(reason))
	p.line("Acts in Jira as", string(t.Spec.Owner))
	p.line("Policy", tokens.PolicyName(t)+ruleOf(t))
	p.line("Declared by", t.Status.RequestedBy)
	p.line("Approved by", t.Status.ApprovedBy)
	p.line("Declared in", gitops.OwnerOf(t))
	p.line("Created", show.When(t.CreationTimestamp.Time, p.now))
	p.line("Expires", p.expiry(t))
	switch {
	case t.Spec.TokenHash != "":
		p.line("Token", "made elsewhere; its hash is declared")
	case t.Status.Binding != nil:
		p.line("Token", "in Secret "+t.Status.Binding.Name)
	default:
		p.line("Token", "will be in Secret "+t.SecretName())
	}
}

// expiry is what the operator says, or else what is declared.
func (p *page) expiry(t *v1alpha1.ApiToken) string {
	switch {
	case t.Status.ExpiresAt != nil:
		return show.When(t.Status.ExpiresAt.Time, p.now)
	case t.Spec.ExpiresAt != nil:
		return show.When(t.Spec.ExpiresAt.Time, p.now)
	case t.Spec.Lifetime != "":
		return string(t.Spec.Lifetime) + " after it was declared"
	case t.Status.Grant == nil:
		return "as the policy's defaults say"
	}
	return "never"
}

func parenthesis(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

func ruleOf(t *v1alpha1.ApiToken) string {
	if t.Status.Rule == "" {
		return ""
	}
	return ", rule " + t.Status.Rule
}

func (p *page) grant(t *v1alpha1.ApiToken) {
	g := t.Status.Grant
	if g == nil {
		p.line("May", show.Joined(t.Spec.Scopes, "nothing")+", once a rule permits it")
		return
	}
	p.line("Jira user's key", g.OwnerKey)
	p.line("May", show.Joined(g.Scopes, "nothing"))
	p.line("From", show.Joined(g.SourceRanges, "any address"))
	if len(g.Headers) > 0 {
		p.line("With headers", show.Headers(g.Headers))
	}
	p.line("Requests", show.Rate(g.RateLimit))
	p.line("Digest", string(g.Digest))
}

func (p *page) credential(t *v1alpha1.ApiToken) {
	if c := t.Status.Credential; c != nil {
		p.line("Id", c.ID)
		p.line("Issued", show.When(c.IssuedAt.Time, p.now))
		if c.RotatesAt != nil {
			p.line("Rotates", show.When(c.RotatesAt.Time, p.now))
		}
	}
	if r := t.Spec.Rotation; r != nil {
		p.line("Rotation", fmt.Sprintf("every %s, overlap %s", cmp.Or(string(r.Every), "time that it is asked for"),
			cmp.Or(string(r.Overlap), "as by default")))
	}
	p.line("Rotation asked for", t.Annotations[v1alpha1.AnnotationRotateRequestedAt])
	for _, r := range t.Status.Retiring {
		p.line("Replaced", fmt.Sprintf("%s, accepted until %s", r.ID, show.When(r.RetiresAt.Time, p.now)))
	}
}
