// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/activity"
)

// sweepEvery is how often all tokens are looked at, in the cache.
const sweepEvery = time.Minute

// Sweep looks at all tokens again and again, until the context ends: no request tells that there were none.
func (r *Recorder) Sweep(ctx context.Context) error {
	ticker := r.Clock.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if err := r.sweep(ctx); err != nil && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "looking for unused tokens failed; it is tried again")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C():
		}
	}
}

// sweep brings what time alone and the policies change into the tokens' status: the condition Unused, and what a policy does not
// want to be told, or not as exactly, by now. It writes at the rate of all else.
func (r *Recorder) sweep(ctx context.Context) error {
	policies, err := r.policies(ctx)
	if err != nil {
		return err
	}
	var list v1alpha1.ApiTokenList
	if err := r.Client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("list ApiTokens: %w", err)
	}
	told := false
	for i := range list.Items {
		t := &list.Items[i]
		key := types.NamespacedName{Namespace: string(t.Spec.PolicyRef.Namespace), Name: t.Spec.PolicyRef.Name}
		policy := policies[key]
		if policy == nil || t.Status.Activity == nil && policy.Spec.Monitoring == nil && !has(t, v1alpha1.ConditionUnused) {
			continue
		}
		if !settle(statusCopy(t), policy, r.Clock.Now()) {
			continue
		}
		if err := r.limiter.Wait(ctx); err != nil {
			return err
		}
		switch err := r.settle(ctx, t.DeepCopy(), key); {
		case err == nil:
		case !isRefusal(err): // the API server is away: it would take none of the others either
			return err
		default:
			if !told {
				log.FromContext(ctx).Error(err, "the status of a token, and maybe of others, could not be written; it is tried again")
			}
			told = true
		}
	}
	return nil
}

func (r *Recorder) policies(ctx context.Context) (map[types.NamespacedName]*v1alpha1.TokenPolicy, error) {
	var list v1alpha1.TokenPolicyList
	if err := r.Client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list policies: %w", err)
	}
	out := map[types.NamespacedName]*v1alpha1.TokenPolicy{}
	for i := range list.Items {
		policy := &list.Items[i]
		out[client.ObjectKeyFromObject(policy)] = policy
		if activity.SettingsOf(policy).Disabled {
			if err := r.unhear(ctx, policy); err != nil {
				return nil, fmt.Errorf("update the status of policy %s: %w", client.ObjectKeyFromObject(policy), err)
			}
		}
	}
	return out, nil
}

// settle writes what settle changes, and an event for a token that is unused from now on. One that somebody else has just
// written comes again with the next sweep. The policy is read anew: with many tokens a sweep takes so long that it may have been
// changed meanwhile, and what it does not want to know any more does not come back.
func (r *Recorder) settle(ctx context.Context, t *v1alpha1.ApiToken, key types.NamespacedName) error {
	policy, err := r.policyByKey(ctx, key)
	if policy == nil {
		return err
	}
	was := has(t, v1alpha1.ConditionUnused)
	changed, err := r.patch(ctx, t, func() { settle(t, policy, r.Clock.Now()) })
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) || !changed {
		return nil
	}
	if err != nil {
		return fmt.Errorf("update the status of ApiToken %s: %w", client.ObjectKeyFromObject(t), err)
	}
	if is := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionUnused); is != nil && !was {
		r.Events.Eventf(t, nil, corev1.EventTypeWarning, v1alpha1.ConditionUnused, "Watch", "%s", is.Message)
	}
	return nil
}

// settle tells whether it changed the status.
func settle(t *v1alpha1.ApiToken, policy *v1alpha1.TokenPolicy, now time.Time) (changed bool) {
	if s := t.Status.Activity; s != nil {
		if settings := activity.SettingsOf(policy); settings.Disabled {
			t.Status.Activity, changed = nil, true
		} else {
			changed = activity.Coarsen(s, settings.Precision)
		}
	}
	return activity.JudgeUnused(t, policy, now) || changed
}

// statusCopy is enough of a copy for settle to work on: there may be 100,000 tokens to look at.
func statusCopy(t *v1alpha1.ApiToken) *v1alpha1.ApiToken {
	out := *t
	if t.Status.Activity != nil {
		out.Status.Activity = new(*t.Status.Activity)
	}
	out.Status.Conditions = slices.Clone(t.Status.Conditions)
	return &out
}

func has(t *v1alpha1.ApiToken, condition string) bool {
	return meta.FindStatusCondition(t.Status.Conditions, condition) != nil
}
