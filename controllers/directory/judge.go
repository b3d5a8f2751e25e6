// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"fmt"
	"math"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// maxProblem bounds the problem of one group, as the API does.
const maxProblem = 512

// judge says of what is known what the condition DirectorySynced says; nil: all is well. What tokens suffer from comes
// first, then what a person has to do.
func (w *pass) judge(known *directory.Snapshot) *problem {
	trouble := w.state.trouble
	if known.AnyStale(w.now, w.settings.maxStaleness) {
		why := "it is about to be asked"
		if trouble != nil {
			why = trouble.message
		}
		return &problem{reason: v1alpha1.ReasonDirectoryStale, message: fmt.Sprintf(
			"what Jira said is older than spec.directory.maxStaleness (%s): tokens that depend on it do not work until Jira "+
				"confirms it: %s", w.settings.maxStaleness, why)}
	}
	if trouble != nil {
		return &problem{reason: trouble.reason, message: w.place(trouble) + trouble.message + ". " + w.outlook(known)}
	}
	if held := w.judgeLosses(known); held != nil {
		return held
	}
	for _, g := range w.groups {
		if found := known.Group(string(g.name)); found != nil && found.Missing && !g.optional {
			return &problem{reason: v1alpha1.ReasonGroupNotFound, message: notFound(g)}
		}
	}
	return nil
}

// place says which Secret Jira has refused, unless the message does.
func (w *pass) place(trouble *problem) string {
	ref := w.policy.Spec.Directory.SecretRef
	if ref == nil || trouble.reason != v1alpha1.ReasonDirectoryRefused || strings.HasPrefix(trouble.message, "spec.") {
		return ""
	}
	return fmt.Sprintf("spec.directory.secretRef: Secret %s needs a credential of a Jira administrator: ", ref.Name)
}

// outlook says what follows from a failure.
func (w *pass) outlook(known *directory.Snapshot) string {
	until := known.StaleAt(w.now, w.settings.maxStaleness)
	if until.IsZero() {
		return "Nothing has been read from Jira yet: tokens that depend on it wait"
	}
	return fmt.Sprintf("What Jira said last counts until %s; it is tried again by itself", until.UTC().Format(time.RFC3339))
}

// judgeLosses tells of all losses that are held, with one command for all of them.
func (w *pass) judgeLosses(known *directory.Snapshot) *problem {
	var losses, codes []string
	for _, g := range w.groups {
		if found := known.Group(string(g.name)); found != nil && found.Held != nil {
			losses = append(losses, describeLoss(found, w.settings.hold))
			codes = append(codes, found.Held.Code(found.Name))
		}
	}
	if len(losses) == 0 {
		return nil
	}
	return &problem{reason: v1alpha1.ReasonLossHeld, message: fmt.Sprintf(
		"%s. Until then the members before it count. If Jira is right, apply it now: %s",
		strings.Join(losses, "; "), confirmCommand(w.policy, codes))}
}

// describeLoss says what a group has lost, and when that is applied by itself.
func describeLoss(g *directory.Group, hold directory.Hold) string {
	due := g.Held.DueAt(hold).UTC().Format(time.RFC3339)
	if g.Held.Missing {
		return fmt.Sprintf("group %q, which had %d members, is gone from Jira at once; that is applied at %s unless it comes back",
			g.Name, len(g.Members), due)
	}
	return fmt.Sprintf("group %q lost more than half of its members at once (%d before, %d now); that is applied at %s "+
		"unless they come back", g.Name, len(g.Members), len(g.Held.Members), due)
}

func confirmCommand(p *v1alpha1.TokenPolicy, codes []string) string {
	return fmt.Sprintf("kubectl annotate tokenpolicy %s -n %s --overwrite %s=%s",
		p.Name, p.Namespace, v1alpha1.AnnotationConfirmLoss, strings.Join(codes, ","))
}

func notFound(g wantedGroup) string {
	return fmt.Sprintf("Jira has no group %q: create it there, or correct the name in %s; until then it has no members",
		g.name, g.field)
}

// groupStatus lists what is known of each group.
func (w *pass) groupStatus(known *directory.Snapshot) []v1alpha1.GroupStatus {
	list := make([]v1alpha1.GroupStatus, 0, len(w.groups))
	for _, g := range w.groups {
		s := v1alpha1.GroupStatus{Name: g.name}
		found := known.Group(string(g.name))
		if found != nil {
			s.Members = new(int32(min(len(found.Members), math.MaxInt32)))
			s.SyncedAt = &metav1.Time{Time: found.SyncedAt}
		}
		s.Problem = cut(w.groupProblem(g, found))
		list = append(list, s)
	}
	return list
}

func (w *pass) groupProblem(g wantedGroup, found *directory.Group) string {
	unread := w.state.unread[grant.FoldUser(string(g.name))]
	switch {
	case found != nil && found.Held != nil:
		return describeLoss(found, w.settings.hold)
	case unread != nil:
		return unread.Error()
	case found != nil && directory.Stale(found.SyncedAt, w.now, w.settings.maxStaleness):
		return "what Jira said is older than spec.directory.maxStaleness: it does not count"
	case found != nil && found.Missing && !g.optional:
		return notFound(g)
	case found == nil && w.state.trouble != nil:
		return "it has not been read yet"
	}
	return ""
}

func cut(text string) string {
	if len(text) <= maxProblem {
		return text
	}
	return strings.ToValidUTF8(text[:maxProblem-len("…")], "") + "…"
}
