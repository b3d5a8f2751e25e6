// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

// approvalByTokenUID finds the TokenApprovals of an ApiToken.
const approvalByTokenUID = "jiratokens.io/approval-by-token-uid"

func approvalTokenUID(o client.Object) []string {
	approval, ok := o.(*v1alpha1.TokenApproval)
	if !ok {
		return nil
	}
	return []string{approval.Spec.APIToken.UID}
}

// approvals are the decisions on a token in its policy's namespace. The objects are the cache's own: they must not be
// changed.
func (r *Reconciler) approvals(ctx context.Context, t *v1alpha1.ApiToken) ([]v1alpha1.TokenApproval, error) {
	if t.UID == "" { // it is only about to be created
		return nil, nil
	}
	var list v1alpha1.TokenApprovalList
	err := r.Client.List(ctx, &list, client.InNamespace(t.Spec.PolicyRef.Namespace), client.UnsafeDisableDeepCopy,
		client.MatchingFields{approvalByTokenUID: string(t.UID)})
	if err != nil {
		return nil, fmt.Errorf("list approvals: %w", err)
	}
	return slices.DeleteFunc(list.Items, func(a v1alpha1.TokenApproval) bool {
		return string(a.Spec.APIToken.Namespace) != t.Namespace || a.Spec.APIToken.Name != t.Name
	}), nil
}

// readApprovals takes from approvals what counts of them, and their UIDs by name. Who made the one that is remembered is
// remembered with it, should the key of its stamp be lost: it can't be changed.
func readApprovals(
	keys *stamp.Ring, approvals []v1alpha1.TokenApproval, remembered *grant.Approved,
) ([]policy.Approval, map[string]types.UID) {
	out, uids := make([]policy.Approval, len(approvals)), make(map[string]types.UID, len(approvals))
	for i := range approvals {
		spec := &approvals[i].Spec
		out[i] = policy.Approval{
			Name: approvals[i].Name, Decision: spec.Decision, Digest: string(spec.GrantDigest), Reason: spec.Reason,
		}
		uids[approvals[i].Name] = approvals[i].UID
		approver, err := keys.VerifyApproval(&approvals[i])
		switch {
		case err == nil:
			out[i].Approver = approver
		case remembered != nil && remembered.Approver != nil && remembered.Approval == approvals[i].UID:
			out[i].Approver = remembered.Approver
		}
	}
	return out, uids
}

// deleteApprovals removes the decisions on a token that is gone: nothing can make them count again.
func (r *Reconciler) deleteApprovals(ctx context.Context, t *v1alpha1.ApiToken) error {
	list, err := r.approvals(ctx, t)
	if err != nil {
		return err
	}
	for i := range list {
		err := r.unlessEnding(ctx, t, list[i].Namespace, r.Client.Delete(ctx, list[i].DeepCopy(), sameObject(&list[i])))
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete TokenApproval %s: %w", client.ObjectKeyFromObject(&list[i]), err)
		}
	}
	return nil
}

// approve asks for the approval that a rule wants, and says whose it is, if there is one.
func (v *verdict) approve(s *situation) (approval string, given bool) {
	outcome := s.compiled.Approval(&policy.ApprovalCase{
		Token: grant.TokenReference{Namespace: s.token.Namespace, Name: s.token.Name, UID: s.token.UID},
		Rule:  v.rule, Grant: v.claim.Grant, ExpiresAt: v.claim.Request.ExpiresAt, Digest: v.digest,
		Requester: v.claim.Request.Requester, Remembered: notesOf(s.slots).Approved, Approvals: s.approvals,
	})
	switch outcome.State {
	case policy.ApprovalGiven:
		v.approvedBy = shortened(outcome.By)
		if outcome.Digest == v.digest {
			v.notes.Approved = s.approvedAs(v, outcome.Name)
		}
		return outcome.Message, true
	case policy.ApprovalDenied:
		v.refuse(v1alpha1.ReasonApprovalDenied, outcome.Message)
	default:
		v.wait(v1alpha1.ReasonApprovalRequired, outcome.Message)
		v.blockedReason = "the token waits for an approval"
	}
	return "", false
}

// approvedAs is what is remembered of an approval.
func (s *situation) approvedAs(v *verdict, name string) *grant.Approved {
	out := &grant.Approved{
		Digest: v.digest, Grant: v.claim.Grant, ExpiresAt: v.claim.Request.ExpiresAt, Approval: s.approved[name],
	}
	for i := range s.approvals {
		if s.approvals[i].Name == name {
			out.Approver = s.approvals[i].Approver
		}
	}
	return out
}
