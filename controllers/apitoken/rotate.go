// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/tokenmetrics"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// rotating is a token whose credential is being replaced.
type rotating struct {
	slots   []slot
	cached  []slot // as the cache has them
	current *slot
	secret  *corev1.Secret // what there is of the wanted name; nil: nothing
	cause   tokenmetrics.Cause
}

// rotate makes the next credential. It takes two runs: one makes the credential, and a later one, when the gateways know it,
// writes it into the Secret.
func (r *Reconciler) rotate(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, x *rotating) ([]slot, error) {
	now := r.Clock.Now()
	made, next, ok := r.pendings.of(t.UID, x.slots)
	if !ok || !succeeds(&next, x.current) || now.Sub(made.since).Abs() > pendingFor {
		return r.prepareNext(ctx, t, v, x)
	}
	_, shown := slotWith(x.cached, next.credential.Hash)
	if wait := made.since.Add(settleDelay).Sub(now); wait > 0 || !shown {
		v.look(now.Add(max(wait, conflictRetry)))
		return x.slots, nil
	}
	data := tokenSecretData(made.plaintext.Reveal(), t, v.publicURL)
	if err := r.writeTokenSecret(ctx, t, x.secret, data, &next); err != nil {
		if isDefinite(err) && !lostRace(err) { // nobody else knows the plaintext, and it is of no use
			r.pendings.forget(t.UID)
			err = errors.Join(err, r.deleteSlot(ctx, next.secret, sameObject(next.secret)))
		}
		return nil, err // otherwise the Secret may hold it
	}
	r.pendings.forget(t.UID)
	v.binding = t.SecretName()
	return r.settleOthers(ctx, t, v, x.slots, &next, true)
}

// prepareNext makes the credential that will replace the current one, beside it. What the current one has replaced is told
// first when it ends, should a manager have been killed before it was: the next one takes the place of all that retire.
func (r *Reconciler) prepareNext(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, x *rotating) ([]slot, error) {
	slots, err := r.settleOthers(ctx, t, v, x.slots, x.current, false)
	if err != nil || r.holdBack(t, v) {
		return slots, err
	}
	if err := r.confirm(ctx, t); err != nil {
		return nil, err
	}
	plaintext, err := token.Generate(r.Random)
	if err != nil {
		return nil, err
	}
	next := r.newSlot(t, v, slots, nextNumber(x.slots), plaintext.ID(), plaintext.Hash())
	next.notes.Succession = &grant.Succession{Cause: string(x.cause), Slots: besides(slots, x.current)}
	if err := r.createSlot(ctx, t, &next); err != nil {
		return nil, err
	}
	now := r.Clock.Now()
	r.pendings.note(t.UID, pending{plaintext: plaintext, secret: next.secret.UID, name: t.SecretName(), since: now})
	v.look(now.Add(settleDelay))
	return append(slots, next), nil
}

// dropBegun takes back a credential that was made to replace another one, which is not wanted any more: nobody else knows its
// token. Unless it is the current one: then the Secret was written, though the API server's answer did not say so.
func (r *Reconciler) dropBegun(ctx context.Context, t *v1alpha1.ApiToken, slots []slot, current *slot) ([]slot, error) {
	_, begun, ok := r.pendings.of(t.UID, slots)
	r.pendings.forget(t.UID)
	if !ok || begun.number == current.number {
		return slots, nil
	}
	left := slices.DeleteFunc(slices.Clone(slots), func(s slot) bool { return s.number == begun.number })
	return left, r.deleteSlot(ctx, begun.secret, exactly(begun.secret))
}

// confirm asks the API server whether a token is still as the cache has it: a manager that has just started may read of an
// earlier request, or of a former name, and would replace a credential for it; and after a restore of etcd, one that was
// running knows ApiTokens for a while that are in no backup.
func (r *Reconciler) confirm(ctx context.Context, t *v1alpha1.ApiToken) error {
	var live v1alpha1.ApiToken
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(t), &live); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("confirm what ApiToken %s/%s asks for: %w", t.Namespace, t.Name, err)
	}
	requested := func(t *v1alpha1.ApiToken) string { return t.Annotations[v1alpha1.AnnotationRotateRequestedAt] }
	if live.UID != t.UID || live.Generation != t.Generation || requested(&live) != requested(t) {
		return errUnsettled
	}
	return nil
}

// mostBeside bounds how many slots a credential may leave beside itself.
const mostBeside = 2 * mostRetiring

// besides are the slots that the successor of the current one leaves as they are: the current one last.
func besides(slots []slot, current *slot) (numbers []int) {
	for i := range slots {
		if s := &slots[i]; s.credential != nil && s.credential.RetireAt != nil && succeeds(current, s) {
			numbers = append(numbers, s.number)
		}
	}
	numbers = append(numbers, current.number)
	return numbers[max(0, len(numbers)-mostBeside):]
}

// recordRotation tells that a credential was replaced: this is the one place that every rotation passes, once. retireAt is
// when the replaced one ends; the zero time: it has ended.
func (r *Reconciler) recordRotation(t *v1alpha1.ApiToken, cause tokenmetrics.Cause, from, to string, retireAt time.Time) {
	until, ids := "has ended", []string{to, from}
	if !retireAt.IsZero() {
		until, ids = "is accepted until "+retireAt.UTC().Format(time.RFC3339), []string{to}
	}
	r.event(t, corev1.EventTypeNormal, "Rotated", actionRotate, fmt.Sprintf("credential %s takes the place of %s (%s), which %s",
		to, from, causes[cause], until), ids...)
	r.Rotations.Count(policyKey(t), cause)
}

// causes are the causes in words.
var causes = map[tokenmetrics.Cause]string{
	tokenmetrics.CauseSchedule:        "of the age that spec.rotation.every says",
	tokenmetrics.CauseMaxAge:          "of the age that the policy allows",
	tokenmetrics.CauseRequest:         "as was asked for",
	tokenmetrics.CauseSecretName:      "for spec.secret.name has changed",
	tokenmetrics.CauseRevokedByPolicy: "issued before the policy's spec.revokeIssuedBefore",
}
