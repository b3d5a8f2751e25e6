// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/jsonline"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// updateStatus writes the status if it changed, and an event if the policy's reason did.
func (r *Reconciler) updateStatus(ctx context.Context, p *v1alpha1.TokenPolicy, found *problemError) error {
	credentials, err := r.secrets.credentials(client.ObjectKeyFromObject(p))
	if err != nil {
		return err
	}
	deployment, err := r.gatewayDeployment(ctx, p)
	if err != nil {
		return err
	}
	ambiguous, err := r.ambiguousOwners(p)
	if err != nil {
		return err
	}
	ranges, err := r.sourceRanges(ctx, p)
	if err != nil {
		return err
	}
	before := p.DeepCopy()
	fillStatus(p, &findings{
		problem: found, gateway: judgeDeployment(deployment), tokens: len(credentials), ambiguous: ambiguous, ranges: ranges,
		doubts: doubts(p, r.Clock.Now()),
	})
	if equality.Semantic.DeepEqual(before.Status, p.Status) {
		return nil
	}
	if err := r.recordChange(ctx, p, before); err != nil {
		return err
	}
	// With the lock: a leader that was paused must not write what it found long ago.
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Status().Patch(ctx, p, patch); err != nil {
		return client.IgnoreNotFound(fmt.Errorf("update status: %w", err))
	}
	if n, ok := transition(p, before); ok {
		r.event(p, n)
	}
	return nil
}

// findings are what a status says.
type findings struct {
	problem   *problemError // nil: none
	gateway   availability
	tokens    int
	ambiguous string            // see ambiguousOwners
	doubts    string            // see policy.Doubts and policy.NothingRevokedYet
	ranges    *metav1.Condition // see sourceRanges; nil: none are used
}

// linksPastGateway says that clients that follow links in Jira's answers call Jira itself, where that is so, and that
// nothing is done about it where the policy does not say what these links begin with.
func linksPastGateway(spec *v1alpha1.TokenPolicySpec) string {
	one := spec.Jira.BaseURL == "" || spec.Jira.BaseURL == spec.Jira.PublicURL
	rewrite := spec.Gateway != nil && spec.Gateway.RewriteLinks
	switch {
	case one && rewrite:
		return "; gateway.rewriteLinks has nothing to rewrite, since jira.baseURL is absent or the same as publicURL: " +
			"set it to what Jira believes its address to be"
	case one || rewrite:
		return ""
	}
	return "; links in Jira's answers (self) lead to jira.baseURL, past the gateway: gateway.rewriteLinks: true changes that"
}

// fillStatus is pure: it says what was found, in the way that kstatus reads.
func fillStatus(p *v1alpha1.TokenPolicy, f *findings) {
	found, gateway := whileServing(f.problem, &f.gateway), f.gateway
	if found == nil && gateway.reason == v1alpha1.ReasonGatewayMissing { // the cache is behind what was just made
		gateway.reason, gateway.message = v1alpha1.ReasonGatewayStarting, "the gateway's objects are being made"
	}
	s := &p.Status
	s.ObservedGeneration = p.Generation
	s.Tokens = new(int32(min(f.tokens, math.MaxInt32))) //nolint:gosec // bounded
	set := func(kind string, yes bool, reason, message string) {
		status := metav1.ConditionFalse
		if yes {
			status = metav1.ConditionTrue
		}
		setCondition(p, &metav1.Condition{
			Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: p.Generation,
		})
	}
	if f.ranges != nil {
		setCondition(p, f.ranges)
	} else {
		meta.RemoveStatusCondition(&s.Conditions, v1alpha1.ConditionSourceRangesEffective)
	}
	set(v1alpha1.ConditionGatewayAvailable, gateway.available, gateway.reason, gateway.message)
	if found == nil || found.reason == v1alpha1.ReasonGatewayStarting {
		set(v1alpha1.ConditionAccepted, true, v1alpha1.ReasonAccepted, joined(
			"the policy and the Secrets that it refers to can be used", f.doubts))
	} else {
		set(v1alpha1.ConditionAccepted, false, found.reason, found.message)
	}
	if found == nil {
		found = gateway.problem()
	}
	unverified, some := impersonationProblem(s.Conditions)
	if found == nil {
		found = unverified
	}
	if found == nil {
		certificates := messageOf(s.Conditions, v1alpha1.ConditionCertificateExpiring)
		set(v1alpha1.ConditionReady, true, gateway.reason,
			joined(gateway.message, f.ambiguous, some, f.doubts, certificates)+linksPastGateway(&p.Spec))
		meta.RemoveStatusCondition(&s.Conditions, v1alpha1.ConditionReconciling)
		meta.RemoveStatusCondition(&s.Conditions, v1alpha1.ConditionStalled)
		return
	}
	set(v1alpha1.ConditionReady, false, found.reason, found.message)
	kind, other := v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling
	if found.waiting {
		kind, other = other, kind
	}
	set(kind, true, found.reason, found.message)
	meta.RemoveStatusCondition(&s.Conditions, other)
}

// whileServing adds to what was refused that there are pods of before that serve.
func whileServing(found *problemError, gateway *availability) *problemError {
	if found == nil || found.reason != v1alpha1.ReasonGatewayRefused || !gateway.available {
		return found
	}
	added := *found
	added.message = joined(found.message, "meanwhile "+gateway.message)
	return &added
}

const (
	// quotedLimit is for what others say, within a message of ours, and messageLimit for a whole message, in bytes: one that
	// is longer than the schema permits (32768 characters) would keep the whole status as it was.
	quotedLimit  = 1 << 10
	messageLimit = 16 << 10
)

func setCondition(p *v1alpha1.TokenPolicy, c *metav1.Condition) {
	bounded := *c
	bounded.Message = jsonline.Bounded(c.Message, messageLimit)
	meta.SetStatusCondition(&p.Status.Conditions, bounded)
}

// doubts are those of a policy that can be compiled; else that is the problem.
func doubts(p *v1alpha1.TokenPolicy, now time.Time) string {
	compiled, err := policy.Compile(p, nil)
	if err != nil {
		return ""
	}
	return joined(compiled.Doubts(), compiled.NothingRevokedYet(now))
}

// joined leaves out what is empty.
func joined(messages ...string) string {
	return strings.Join(slices.DeleteFunc(messages, func(s string) bool { return s == "" }), "; ")
}

// messageOf is that of a condition that is True; empty: it is not.
func messageOf(conditions []metav1.Condition, kind string) string {
	if c := meta.FindStatusCondition(conditions, kind); c != nil && c.Status == metav1.ConditionTrue {
		return c.Message
	}
	return ""
}

// impersonationProblem is what the condition ImpersonationVerified means for Ready. Only a plain no of Jira's counts, so
// that a Jira that is down takes no policy's readiness; owners whose tokens are wrong are some among others.
func impersonationProblem(conditions []metav1.Condition) (problem *problemError, some string) {
	c := meta.FindStatusCondition(conditions, v1alpha1.ConditionImpersonationVerified)
	switch {
	case c == nil, c.Status != metav1.ConditionFalse:
		return nil, ""
	case c.Reason == v1alpha1.ReasonOwnerTokensRefused:
		return nil, c.Message
	}
	return &problemError{reason: c.Reason, message: c.Message}, ""
}
