// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/activity"
)

// attempts is how often a write is tried that others come before.
const attempts = 10

// tokenByUID finds an ApiToken by its UID.
const tokenByUID = "jiratokens.io/api-token-by-uid"

// RegisterIndex adds the index that the Recorder reads the cache by.
func RegisterIndex(ctx context.Context, indexer client.FieldIndexer) error {
	byUID := func(o client.Object) []string { return []string{string(o.GetUID())} }
	if err := indexer.IndexField(ctx, &v1alpha1.ApiToken{}, tokenByUID, byUID); err != nil {
		return fmt.Errorf("index ApiTokens by UID: %w", err)
	}
	return nil
}

// token is the cache's own object: it must not be changed. nil: there is none.
func (r *Recorder) token(ctx context.Context, uid types.UID) (*v1alpha1.ApiToken, error) {
	var list v1alpha1.ApiTokenList
	err := r.Client.List(ctx, &list, client.MatchingFields{tokenByUID: string(uid)}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("find an ApiToken by its UID: %w", err)
	}
	if len(list.Items) == 0 {
		return nil, nil //nolint:nilnil // none is an answer
	}
	return &list.Items[0], nil
}

// write writes what is reported of one token and gives the results.
func (r *Recorder) write(ctx context.Context, jobs []*job) []activity.Result {
	result, err := r.tryWrite(ctx, jobs)
	if err != nil {
		log.FromContext(ctx).Error(err, "a token's activity could not be written",
			"policy", jobs[0].policy.String(), "uid", jobs[0].use.Token, "result", result)
	}
	r.metrics.writes.WithLabelValues(string(result)).Inc()
	return all(result, len(jobs))
}

func (r *Recorder) tryWrite(ctx context.Context, jobs []*job) (activity.Result, error) {
	cached, err := r.token(ctx, jobs[0].use.Token)
	if err != nil {
		return activity.Later, err
	}
	if cached == nil {
		return activity.Unknown, nil
	}
	t := cached.DeepCopy()
	for range attempts {
		policy, err := r.policyByKey(ctx, jobs[0].policy)
		if err != nil {
			return activity.Later, err
		}
		if policy == nil || activity.SettingsOf(policy).Disabled || t.UID != jobs[0].use.Token || !belongs(t, jobs[0].policy) {
			return activity.Dropped, nil
		}
		_, err = r.patch(ctx, t, func() { r.merge(t, policy, jobs) })
		if !apierrors.IsConflict(err) {
			return r.outcome(t.UID, err)
		}
		if err := r.Live.Get(ctx, client.ObjectKeyFromObject(t), t); err != nil {
			if apierrors.IsNotFound(err) {
				return activity.Dropped, nil
			}
			return activity.Later, err
		}
	}
	return activity.Later, nil
}

func (r *Recorder) merge(t *v1alpha1.ApiToken, policy *v1alpha1.TokenPolicy, jobs []*job) {
	if t.Status.Activity == nil {
		t.Status.Activity = &v1alpha1.ActivityStatus{}
	}
	for _, j := range jobs {
		activity.Merge(t.Status.Activity, j.gateway, &j.use)
	}
	if has(t, v1alpha1.ConditionUnused) {
		activity.JudgeUnused(t, policy, r.Clock.Now()) // it is used again
	}
}

// patch writes what a change makes of a token's status, provided that the token is as it was read: another manager, or the
// controller of ApiTokens, may have written meanwhile.
func (r *Recorder) patch(ctx context.Context, t *v1alpha1.ApiToken, change func()) (changed bool, err error) {
	before := t.DeepCopy()
	change()
	if equality.Semantic.DeepEqual(before.Status, t.Status) {
		return false, nil
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	return true, r.Client.Status().Patch(ctx, t, patch, client.FieldOwner(FieldManager))
}

func (r *Recorder) policyByKey(ctx context.Context, key types.NamespacedName) (*v1alpha1.TokenPolicy, error) {
	var list v1alpha1.TokenPolicyList
	if err := r.Client.List(ctx, &list, client.InNamespace(key.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list policies: %w", err)
	}
	for i := range list.Items {
		if list.Items[i].Name == key.Name {
			return &list.Items[i], nil
		}
	}
	return nil, nil //nolint:nilnil // none is an answer
}
