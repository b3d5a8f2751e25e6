// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"
	"iter"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/index"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// siblings are the other tokens of the same owner and policy, for rules that bound their number. There may be very many,
// and an evaluation stops at the first few: they are read as it goes.
type siblings struct {
	older   iter.Seq[*policy.Request]
	holding iter.Seq[*policy.Request] // the younger ones with a live credential
	err     error                     // why one could not be read
}

// siblingsOf reads nothing but the list. What holding gives can only be relied on while the owner's lock is held.
func (r *Reconciler) siblingsOf(ctx context.Context, s *situation) (*siblings, error) {
	all, err := r.tokensOfOwner(ctx, s.token)
	if err != nil {
		return nil, err
	}
	own, _ := slices.BinarySearchFunc(all, s.token, policy.ByAge)
	found := &siblings{}
	read := func(tokens []*v1alpha1.ApiToken, counts func(*v1alpha1.ApiToken, []slot) bool) iter.Seq[*policy.Request] {
		return func(yield func(*policy.Request) bool) {
			for _, t := range tokens {
				request, slots, err := r.siblingRequest(ctx, s, t)
				if err == nil {
					err = ctx.Err() // there may be very many, and the webhook has only so long
				}
				if err != nil {
					found.err = err
					return
				}
				if request != nil && counts(t, slots) && !yield(request) {
					return
				}
			}
		}
	}
	found.older = read(all[:own], declaredOrHolding)
	if !holdsPlace(s.slots) {
		lock := r.owners.of(s.token)
		found.holding = read(all[own:], func(t *v1alpha1.ApiToken, slots []slot) bool {
			return holdsPlace(slots) || lock.justPlaced(t.UID, s.now)
		})
	}
	return found, nil
}

// declaredOrHolding: a token that is being deleted keeps its place until its credential is gone.
func declaredOrHolding(t *v1alpha1.ApiToken, slots []slot) bool {
	return t.DeletionTimestamp == nil || holdsPlace(slots)
}

// holdsPlace tells whether a token has a credential that is not blocked.
func holdsPlace(slots []slot) bool {
	return slices.ContainsFunc(slots, func(s slot) bool { return s.credential != nil && s.credential.State == grant.Active })
}

// tokensOfOwner lists the other tokens, the oldest first. The objects are the cache's own: they must not be changed.
func (r *Reconciler) tokensOfOwner(ctx context.Context, t *v1alpha1.ApiToken) ([]*v1alpha1.ApiToken, error) {
	var list v1alpha1.ApiTokenList
	key := index.OwnerTokenKey(string(t.Spec.PolicyRef.Namespace), string(t.Spec.Owner))
	err := r.Client.List(ctx, &list, client.MatchingFields{index.ApiTokenByOwner: key}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("list the owner's ApiTokens: %w", err)
	}
	var others []*v1alpha1.ApiToken
	for i := range list.Items {
		other := &list.Items[i]
		same := other.Namespace == t.Namespace && other.Name == t.Name
		if !same && other.Spec.PolicyRef == t.Spec.PolicyRef {
			others = append(others, other)
		}
	}
	slices.SortFunc(others, policy.ByAge)
	return others, nil
}

// siblingRequest is what another token asks for; nil if it can ask for nothing. The cheapest check comes first: whoever may
// create ApiTokens anywhere may name any owner.
func (r *Reconciler) siblingRequest(
	ctx context.Context, s *situation, t *v1alpha1.ApiToken,
) (*policy.Request, []slot, error) {
	namespace, err := namespaceOf(ctx, r.Client, t)
	if client.IgnoreNotFound(err) != nil {
		return nil, nil, err
	}
	if err != nil {
		namespace = &corev1.Namespace{} // it has just gone, or is not in the cache yet
	}
	if !s.compiled.Takes(t.Namespace, namespace.Labels) {
		return nil, nil, nil
	}
	slots, err := r.cachedSlots(ctx, t, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, nil, err
	}
	sibling := &situation{token: t, policy: s.policy, namespace: namespace, slots: slots, now: s.now}
	sibling.requester, _ = requesterOf(s.keys, t, slots)
	claim, err := sibling.claim()
	if err != nil {
		return nil, slots, nil //nolint:nilerr // it is invalid, and no rule permits it
	}
	claim.Request.Live = holdsPlace(slots)
	return &claim.Request, slots, nil
}
