// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// updateStatus writes the status if it changed, and an event if the token's reason did.
func (r *Reconciler) updateStatus(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, slots []slot) error {
	before := t.DeepCopy()
	if v.binding == "" {
		var err error
		if v.binding, err = r.boundSecret(ctx, t, slots); err != nil {
			return err
		}
	}
	fillStatus(t, v, slots, metav1.NewTime(r.Clock.Now()))
	if equality.Semantic.DeepEqual(before.Status, t.Status) {
		return nil
	}
	r.recordDecision(t, before)
	// With the lock: a paused manager must not write what is no longer so.
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Status().Patch(ctx, t, patch); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("update status: %w", err)
	}
	r.eventTransition(t, before)
	r.eventExpiry(t, before, v)
	return nil
}

// fillStatus is pure: it puts the verdict into the status, as the state table in docs says.
func fillStatus(t *v1alpha1.ApiToken, v *verdict, slots []slot, now metav1.Time) {
	s := &t.Status
	s.ObservedGeneration = t.Generation
	s.Rule = v.rule
	s.ExpiresAt, s.Binding, s.Credential, s.Retiring = nil, nil, nil, retiringStatus(slots, now.Time)
	latest := latestSlot(slots)
	issued := latest != nil
	dated := issued || v.issue || v.reason == v1alpha1.ReasonApprovalRequired
	if expiresAt := v.claim.Request.ExpiresAt; expiresAt != nil && dated {
		// Rounded up, so that what is shown as past is past.
		s.ExpiresAt = &metav1.Time{Time: expiresAt.Add(time.Second - time.Nanosecond).Truncate(time.Second)}
	}
	s.Grant, s.RequestedBy, s.ApprovedBy = grantStatus(v, latest), "", v.approvedBy
	if requester := v.claim.Request.Requester; requester != nil {
		s.RequestedBy = shortened(requester.User)
	}
	if issued {
		c := latest.credential
		s.Credential = &v1alpha1.CredentialStatus{
			ID: c.ID, IssuedAt: metav1.NewTime(c.IssuedAt), RotatesAt: rotatesAt(v, latest, slots, now.Time),
			ReplaceBy: replaceByOf(v, latest),
		}
	}
	if v.binding != "" {
		s.Binding = &v1alpha1.SecretBinding{Name: v.binding}
	}
	set := func(kind string, status bool) {
		value := metav1.ConditionFalse
		if status {
			value = metav1.ConditionTrue
		}
		meta.SetStatusCondition(&s.Conditions, metav1.Condition{
			Type: kind, Status: value, Reason: v.reason, Message: v.message,
			ObservedGeneration: t.Generation, LastTransitionTime: now,
		})
	}
	setExpiring(t, v.expiry, issued, now)
	stalled := v.stalled(issued)
	set(v1alpha1.ConditionReady, !stalled && !v.waiting)
	set(v1alpha1.ConditionActive, v.accepted)
	for kind, applies := range map[string]bool{
		v1alpha1.ConditionReconciling: v.waiting,
		v1alpha1.ConditionStalled:     stalled,
	} {
		if applies {
			set(kind, true)
		} else {
			meta.RemoveStatusCondition(&s.Conditions, kind)
		}
	}
}

// rotatesAt is when a credential is replaced; nil: on request only, or not before the token expires.
func rotatesAt(v *verdict, current *slot, slots []slot, now time.Time) *metav1.Time {
	if !v.issue {
		return nil
	}
	at := v.rotation.next(current, slots, now)
	if expiresAt := current.credential.ExpiresAt; at.IsZero() || (expiresAt != nil && !at.Before(*expiresAt)) {
		return nil
	}
	return &metav1.Time{Time: at.Truncate(time.Second)}
}

// maxRetiring is what the schema allows.
const maxRetiring = 16

// retiringStatus shows the replaced credentials that are still accepted, the newest first.
func retiringStatus(slots []slot, now time.Time) (out []v1alpha1.RetiringCredential) {
	accepted := retiring(slots, now)
	slices.SortFunc(accepted, func(a, b slot) int { return byNumber(b, a) })
	for _, s := range accepted[:min(len(accepted), maxRetiring)] {
		out = append(out, v1alpha1.RetiringCredential{ID: s.credential.ID, RetiresAt: metav1.NewTime(*s.credential.RetireAt)})
	}
	return out
}

// grantStatus shows what the token may do, or would if it were permitted.
func grantStatus(v *verdict, latest *slot) *v1alpha1.GrantStatus {
	if !v.shown {
		return nil
	}
	g := &v.claim.Grant
	out := &v1alpha1.GrantStatus{Digest: v1alpha1.GrantDigest(v.digest), OwnerKey: v.notes.OwnerKey}
	if out.OwnerKey == "" && latest != nil {
		out.OwnerKey = latest.notes.OwnerKey
	}
	for _, s := range g.Scopes {
		out.Scopes = append(out.Scopes, v1alpha1.Scope(s))
	}
	for _, r := range g.SourceRanges {
		out.SourceRanges = append(out.SourceRanges, v1alpha1.CIDR(r.String()))
	}
	for _, h := range g.Headers {
		out.Headers = append(out.Headers, v1alpha1.HeaderPattern{Name: h.Name, Pattern: h.Pattern})
	}
	if l := g.RateLimit; l != nil {
		out.RateLimit = &v1alpha1.RateLimit{
			Requests: l.Requests, Period: v1alpha1.RatePeriod(policy.FormatDuration(l.Period)), Burst: &l.Burst,
		}
		if l.Concurrent > 0 {
			out.RateLimit.Concurrent = &l.Concurrent
		}
	}
	return out
}

// maxUserName bounds a user name in the status; the API server bounds none.
const maxUserName = 1024

func shortened(user string) string {
	return strings.ToValidUTF8(user[:min(len(user), maxUserName)], "")
}

// stalled: a person must act. A token that was live and is refused by the policy since then is as the policy says it
// should be, and does not turn a GitOps tool's whole set red.
func (v *verdict) stalled(issued bool) bool {
	switch v.reason {
	case v1alpha1.ReasonSecretConflict, v1alpha1.ReasonSecretRefused:
		return true
	case v1alpha1.ReasonExpired:
		return !issued
	}
	return v.refused && (!issued || v.invalid)
}
