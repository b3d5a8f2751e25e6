// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// Actions of events, as events.k8s.io asks: what the controller did or found.
const (
	actionApply  = "Apply"
	actionCheck  = "Check"
	actionDelete = "Delete"
)

// notice is an event: what people read in `kubectl describe tokenpolicy`.
type notice struct {
	kind, reason, action, note string
	// related is the object that it is about besides the policy. Notices with the same one, or none, and the same reason
	// are counted as one for some minutes, and the later notes are lost.
	related runtime.Object
}

// noteLimit is the API server's, in bytes: a longer note would lose the event.
const noteLimit = 1024

func (r *Reconciler) event(p *v1alpha1.TokenPolicy, n notice) {
	if len(n.note) > noteLimit {
		const more = "…"
		n.note = strings.ToValidUTF8(n.note[:noteLimit-len(more)], "") + more
	}
	r.Recorder.Eventf(p, n.related, n.kind, n.reason, n.action, "%s", n.note)
}

func gatewayObjectsCreated(objects []*unstructured.Unstructured) notice {
	names := make([]string, 0, len(objects))
	for _, object := range objects {
		names = append(names, object.GetKind()+" "+object.GetName())
	}
	return notice{
		kind: corev1.EventTypeNormal, reason: "GatewayObjectCreated", action: actionApply,
		note: "created " + strings.Join(names, ", "), related: objects[0],
	}
}

func driftCorrected(c *change) notice {
	return notice{
		kind: corev1.EventTypeWarning, reason: "DriftCorrected", action: actionApply, related: c.live,
		note: fmt.Sprintf("%s had been changed by somebody else and was put right; change the policy instead", c.desired),
	}
}

func ownerTokenAmbiguous(text string) notice {
	return notice{kind: corev1.EventTypeWarning, reason: "OwnerTokenAmbiguous", action: actionCheck, note: text}
}

func gatewayDeleted() notice {
	return notice{
		kind: corev1.EventTypeNormal, reason: "GatewayDeleted", action: actionDelete, note: "deleted the gateway's objects",
	}
}

// transition tells of a change of Ready's reason; ok is false if it did not change.
func transition(p, before *v1alpha1.TokenPolicy) (n notice, ok bool) {
	now := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
	then := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionReady)
	if now == nil || (then != nil && then.Reason == now.Reason) {
		return notice{}, false
	}
	kind := corev1.EventTypeWarning
	if now.Reason == v1alpha1.ReasonGatewayReady || now.Reason == v1alpha1.ReasonGatewayStarting {
		kind = corev1.EventTypeNormal
	}
	return notice{kind: kind, reason: now.Reason, action: actionCheck, note: now.Message}, true
}
