// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
)

// action is what events.k8s.io asks for: what the controller did.
const action = "ReadDirectory"

// Reasons of events that are no reasons of conditions.
const (
	reasonLossApplied   = "LossApplied"
	reasonLossRecovered = "LossRecovered"
	reasonDamaged       = "DirectoryDamaged"
)

// notice is an event: what people read in `kubectl describe tokenpolicy`.
type notice struct{ kind, reason, note string }

// noteLimit is the API server's, in bytes: a longer note would lose the event.
const noteLimit = 1024

func (r *Reconciler) event(p *v1alpha1.TokenPolicy, n notice) {
	if len(n.note) > noteLimit {
		const more = "…"
		n.note = strings.ToValidUTF8(n.note[:noteLimit-len(more)], "") + more
	}
	r.Recorder.Eventf(p, nil, n.kind, n.reason, action, "%s", n.note)
}

func conditionChanged(c *metav1.Condition) notice {
	kind := corev1.EventTypeWarning
	if c.Status == metav1.ConditionTrue {
		kind = corev1.EventTypeNormal
	}
	return notice{kind: kind, reason: c.Reason, note: c.Message}
}

func lossChanged(p *v1alpha1.TokenPolicy, c directory.LossChange, hold directory.Hold) notice {
	name, before, after := c.After.Name, len(c.Before.Members), len(c.After.Members)
	switch c.Turn {
	case directory.LossHeld:
		return notice{kind: corev1.EventTypeWarning, reason: v1alpha1.ReasonLossHeld, note: fmt.Sprintf(
			"%s. If Jira is right, apply it now: %s",
			describeLoss(c.After, hold), confirmCommand(p, []string{c.After.Held.Code(name)}))}
	case directory.LossApplied:
		return notice{kind: corev1.EventTypeWarning, reason: reasonLossApplied, note: fmt.Sprintf(
			"group %q had %d members and has %d now: tokens that depend on the others stop working", name, before, after)}
	case directory.LossRecovered:
	}
	return notice{kind: corev1.EventTypeNormal, reason: reasonLossRecovered, note: fmt.Sprintf(
		"the members of group %q are back: it has %d now, and the loss was not applied", name, after)}
}

func damaged(why error) notice {
	return notice{
		kind: corev1.EventTypeWarning, reason: reasonDamaged,
		note: fmt.Sprintf("the Secrets with what was read of Jira were changed or deleted by somebody else: %v; all is read anew", why),
	}
}
