// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
)

// quotedLimit is for what others say, such as a webhook, within a message, and messageLimit for all of it, in bytes: one that
// is longer than the schema permits (32768 characters) would keep the whole status as it was.
const (
	quotedLimit  = 1 << 10
	messageLimit = 8 << 10
)

// updateStatus writes the groups and the condition if they changed, and an event if the condition's reason did. found is
// nil if all is well.
func (r *Reconciler) updateStatus(
	ctx context.Context, p *v1alpha1.TokenPolicy, groups []v1alpha1.GroupStatus, found *problem,
) error {
	condition := metav1.Condition{
		Type: v1alpha1.ConditionDirectorySynced, Status: metav1.ConditionTrue, ObservedGeneration: p.Generation,
		Reason: v1alpha1.ReasonDirectorySynced, Message: "the groups and owners were read from Jira",
	}
	if found != nil {
		condition.Status, condition.Reason = metav1.ConditionFalse, found.reason
		condition.Message = oneline.Of(found.message, messageLimit)
	}
	before := p.DeepCopy()
	then := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionDirectorySynced)
	p.Status.Groups = groups
	meta.SetStatusCondition(&p.Status.Conditions, condition)
	if err := r.patchStatus(ctx, p, before); err != nil {
		return err
	}
	// Losses have events of their own.
	if (then == nil || then.Reason != condition.Reason) && condition.Reason != v1alpha1.ReasonLossHeld {
		r.event(p, conditionChanged(&condition))
	}
	return nil
}

// clearStatus removes all that this controller ever wrote.
func (r *Reconciler) clearStatus(ctx context.Context, p *v1alpha1.TokenPolicy) error {
	before := p.DeepCopy()
	p.Status.Groups = nil
	meta.RemoveStatusCondition(&p.Status.Conditions, v1alpha1.ConditionDirectorySynced)
	return r.patchStatus(ctx, p, before)
}

// patchStatus writes what differs, with the lock: a leader that was paused must not write what it found long ago.
func (r *Reconciler) patchStatus(ctx context.Context, p, before *v1alpha1.TokenPolicy) error {
	if equality.Semantic.DeepEqual(before.Status, p.Status) {
		return nil
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Status().Patch(ctx, p, patch); err != nil {
		return fmt.Errorf("update status: %w", err)
	}
	return nil
}
