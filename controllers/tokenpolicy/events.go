// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

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
}

func (r *Reconciler) event(p *v1alpha1.TokenPolicy, n notice) {
	r.Recorder.Eventf(p, nil, n.kind, n.reason, n.action, "%s", n.note)
}

func gatewayObjectCreated(d *desired) notice {
	return notice{corev1.EventTypeNormal, "GatewayObjectCreated", actionApply, fmt.Sprintf("created %s", d)}
}

func driftCorrected(d *desired) notice {
	return notice{
		corev1.EventTypeWarning, "DriftCorrected", actionApply,
		fmt.Sprintf("%s had been changed by somebody else and was put right; change the policy instead", d),
	}
}

func gatewayDeleted() notice {
	return notice{corev1.EventTypeNormal, "GatewayDeleted", actionDelete, "deleted the gateway's objects"}
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
	return notice{kind, now.Reason, actionCheck, now.Message}, true
}
