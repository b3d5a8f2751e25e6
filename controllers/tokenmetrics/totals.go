// SPDX-License-Identifier: Apache-2.0

package tokenmetrics

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// reasonPending is the reason of an ApiToken that nobody has looked at yet.
const reasonPending = "Pending"

// inUse is how recently a token was used that counts as in use. What is reported is behind, and as exact as the policy
// wants, which may be to the day.
const inUse = 7 * 24 * time.Hour

// windows are how soon a token expires; each includes the one before.
var windows = []struct {
	name   string
	length time.Duration
}{{"1d", 24 * time.Hour}, {"7d", 7 * 24 * time.Hour}, {"30d", 30 * 24 * time.Hour}}

// state is what tokens are counted by.
type state struct {
	policy types.NamespacedName
	reason string
	active bool
}

// perPolicy is what is counted of one policy's tokens.
type perPolicy struct {
	expiring, expiringInUse [3]int // by window
	retiring, unused        int
}

// totals are pure counts.
type totals struct {
	now      time.Time
	policies []*v1alpha1.TokenPolicy
	tokens   map[state]int
	of       map[types.NamespacedName]*perPolicy
}

func newTotals(now time.Time, policies []*v1alpha1.TokenPolicy) *totals {
	t := &totals{now: now, policies: policies, tokens: map[state]int{}, of: map[types.NamespacedName]*perPolicy{}}
	for _, p := range policies {
		t.of[client.ObjectKeyFromObject(p)] = &perPolicy{}
	}
	return t
}

// add counts one token. Those that refer to no policy that exists are counted together: anybody may declare one that refers
// to anything, and each name would be a series.
func (t *totals) add(token *v1alpha1.ApiToken) {
	policy := types.NamespacedName{Namespace: string(token.Spec.PolicyRef.Namespace), Name: token.Spec.PolicyRef.Name}
	counts, exists := t.of[policy]
	if !exists {
		policy, counts = types.NamespacedName{}, &perPolicy{}
	}
	s := state{policy: policy, reason: reasonPending}
	if c := meta.FindStatusCondition(token.Status.Conditions, v1alpha1.ConditionActive); c != nil {
		s.reason, s.active = c.Reason, c.Status == metav1.ConditionTrue
	}
	t.tokens[s]++
	counts.retiring += len(token.Status.Retiring)
	if meta.IsStatusConditionTrue(token.Status.Conditions, v1alpha1.ConditionUnused) {
		counts.unused++
	}
	if s.active && token.Status.ExpiresAt != nil {
		counts.expires(token, t.now)
	}
}

func (p *perPolicy) expires(token *v1alpha1.ApiToken, now time.Time) {
	left := token.Status.ExpiresAt.Sub(now)
	if left <= 0 {
		return
	}
	activity := token.Status.Activity
	used := activity != nil && activity.LastUsedAt != nil && now.Sub(activity.LastUsedAt.Time) <= inUse
	whole := token.Status.ExpiresAt.Sub(token.CreationTimestamp.Time)
	soon := meta.IsStatusConditionTrue(token.Status.Conditions, v1alpha1.ConditionExpiring)
	for i := range windows {
		// A token of a day is not about to expire from its birth; its condition Expiring says when it is.
		if left > windows[i].length || (2*windows[i].length > whole && !soon) {
			continue
		}
		p.expiring[i]++
		if used {
			p.expiringInUse[i]++
		}
	}
}
