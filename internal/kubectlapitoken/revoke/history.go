// SPDX-License-Identifier: Apache-2.0

package revoke

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
)

// history is what the manager's audit trail tells, by UIDs: what is declared anew under a former name is another thing.
type history struct {
	tokens, policies map[string]*life
	first, last      string // the times of its lines
	lines            int
}

// life is what the trail tells of one ApiToken or TokenPolicy.
type life struct {
	// end is when it was revoked, or deleted; nil: it was not.
	end *audittrail.Entry
	// decision is the latest on a token, refusal the latest by which it was not accepted.
	decision, refusal *audittrail.Entry
	// ended are the credentials of a token that were ended before itself.
	ended map[string]*audittrail.Entry
	// newest has the highest generation.
	newest *audittrail.Entry
}

// read adds what a file says; "-" is standard input.
func (h *history) read(name string, stdin io.Reader) error {
	in := stdin
	if name != audittrail.Stdout {
		file, err := os.Open(name) //nolint:gosec // whoever runs the plugin names it
		if err != nil {
			return fmt.Errorf("read the audit trail: %w", err)
		}
		defer file.Close()
		in = file
	}
	before := h.lines
	_, err := audittrail.Read(in, h.note)
	if err == nil && h.lines == before {
		return usage.Errorf("--revoked-in is %q, which has no line of the manager's audit trail: the file of its --audit-log, or its "+
			"standard output, is needed", name)
	}
	return err
}

func (h *history) note(e *audittrail.Entry) {
	h.lines++
	if _, err := time.Parse(time.RFC3339, e.Time); err == nil { // files may come in any order
		if h.first == "" || e.Time < h.first {
			h.first = e.Time
		}
		h.last = max(h.last, e.Time)
	}
	if e.UID == "" {
		return
	}
	switch e.Event {
	case audittrail.Policy, audittrail.PolicyDeleted:
		noteIn(h.policies, e)
	case audittrail.Decision, audittrail.Credential, audittrail.Revoked, audittrail.Notice:
		noteIn(h.tokens, e)
	case audittrail.Declared, audittrail.Approval: // what came of them is told by a decision
	}
}

func noteIn(lives map[string]*life, e *audittrail.Entry) {
	l := lives[e.UID]
	if l == nil {
		l = &life{ended: map[string]*audittrail.Entry{}}
		lives[e.UID] = l
	}
	if l.newest == nil || e.Generation > l.newest.Generation {
		l.newest = e
	}
	switch e.Event {
	case audittrail.Revoked, audittrail.PolicyDeleted:
		l.end = e
		return // its credentials end with it
	case audittrail.Decision:
		l.decision = later(l.decision, e)
		if e.Outcome != audittrail.OutcomePermitted && e.Outcome != audittrail.OutcomeExpired {
			l.refusal = later(l.refusal, e)
		}
	default: // tells nothing of the token's life
	}
	for _, id := range e.Ended {
		l.ended[id] = e
	}
}

// later is the second one, unless the first is later.
func later(a, b *audittrail.Entry) *audittrail.Entry {
	if a != nil && a.Time > b.Time {
		return a
	}
	return b
}

// undone says what a restore has undone of a token that was not revoked. What its policy refused as of some time (empty: none) is
// undone as well, even if the trail says that the token was permitted later: a manager that runs through a restore says so.
func (l *life) undone(t *v1alpha1.ApiToken, now time.Time, policyUndone string) (says []string) {
	if tokens.StateOf(t, now) == tokens.Live {
		if r := l.refusal; r != nil && (r == l.decision || policyUndone != "" && r.Time >= policyUndone) {
			says = append(says, fmt.Sprintf("it was not accepted any more at %s (%s), and works again", at(r), why(r)))
		}
		if c := t.Status.Credential; c != nil && l.ended[c.ID] != nil {
			says = append(says, fmt.Sprintf("its credential %s was ended at %s, and works again: %s", c.ID, at(l.ended[c.ID]), replace(t)))
		}
	}
	if l.newest.Generation > t.Generation {
		says = append(says, fmt.Sprintf("its spec is of generation %d, and the trail tells of %d at %s", t.Generation,
			l.newest.Generation, at(l.newest)))
	}
	return says
}

// replace is how a credential is ended whose token is still needed.
func replace(t *v1alpha1.ApiToken) string {
	how := "--now"
	if t.Spec.TokenHash != "" {
		how = "--local"
	}
	return fmt.Sprintf("kubectl apitoken rotate %s -n %s %s", t.Name, t.Namespace, how)
}

// undonePolicy says what a restore has undone of a policy; empty: nothing.
func (l *life) undonePolicy(p *v1alpha1.TokenPolicy) string {
	switch {
	case l.end != nil:
		return "it was deleted at " + at(l.end)
	case l.newest.Generation > p.Generation:
		by := ""
		if l.newest.FieldManager != "" {
			by = " by " + oneline.Printable(l.newest.FieldManager)
		}
		return fmt.Sprintf("its spec is of generation %d, and the trail tells of %d, written%s and seen at %s: what was added to "+
			"spec.deny or spec.revokeIssuedBefore, or taken from rules, is undone", p.Generation, l.newest.Generation, by, at(l.newest))
	}
	return ""
}

// justBefore is a minute before an entry: a token may be refused before the line on the policy is written.
func justBefore(e *audittrail.Entry) string {
	when, err := time.Parse(time.RFC3339, e.Time)
	if err != nil {
		return e.Time
	}
	return when.Add(-time.Minute).UTC().Format(time.RFC3339)
}

// The trail is a file that others may have written: what it says is shown as a line of text.

func at(e *audittrail.Entry) string { return oneline.Printable(e.Time) }

func why(e *audittrail.Entry) string { return oneline.Printable(e.Reason + ": " + e.Message) }
