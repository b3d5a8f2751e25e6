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
		if err := r.Client.Delete(ctx, list[i].DeepCopy(), sameObject(&list[i])); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete TokenApproval %s: %w", client.ObjectKeyFromObject(&list[i]), err)
		}
	}
	return nil
}
