// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// hashStateOf says whose the hash is that a token declares (nil: it declares none): that of the ApiToken that has a
// credential with it; or else of the one that had, and whose credential was deleted; or else of the oldest that declares
// it and that a rule permits. So nobody can take a hash away from a token that works with it, and nobody who has no right
// to a token can keep others from one.
func (r *Reconciler) hashStateOf(ctx context.Context, s *situation) (*hashState, error) {
	hash, err := declaredHash(&s.token.Spec)
	if err != nil || hash == nil {
		return nil, nil //nolint:nilerr,nilnil // what is wrong with it, the claim says
	}
	_, mine := slotOf(s.slots, *hash)
	state := &hashState{ended: !mine && acceptanceOf(s.token).id == hash.DerivedID()}
	if err := r.lookAtHolders(ctx, s, mine, state); err != nil {
		return nil, err
	}
	if !mine && !state.lost() && !state.shared {
		state.taken, err = r.declaredBefore(ctx, s)
	}
	return state, err
}

// lookAtHolders looks at the other credentials with the hash. There is none as a rule. Two ApiTokens that declare it may
// have made one each at the same moment; then the later in order gives way, and the other waits for that.
//
// No two of them are ever in force: a slot is created blocked and let work only once the cache shows it, and what was
// created before it, by whichever manager, the cache shows then, too.
func (r *Reconciler) lookAtHolders(ctx context.Context, s *situation, mine bool, state *hashState) error {
	var list corev1.SecretList
	err := r.Client.List(ctx, &list, client.UnsafeDisableDeepCopy, client.MatchingFields{hashSecretByHash: declaredHashKey(s.token)})
	if err != nil {
		return fmt.Errorf("list hash Secrets with the declared hash: %w", err)
	}
	for i := range list.Items {
		if _, own := parseSlot(&list.Items[i], s.token.UID); own {
			continue
		}
		holder, err := r.holder(ctx, &list.Items[i])
		switch {
		case err != nil:
			return err
		case holder == nil, mine && holder.Spec.TokenHash == s.token.Spec.TokenHash && precedes(s.token, holder):
			state.shared = true
		default:
			state.taken = true
		}
	}
	return nil
}

// holder is the ApiToken that a hash Secret was made for; nil: it is gone or being deleted, and its credentials with it,
// or the Secret does not say whose it is, which somebody else has to put right.
func (r *Reconciler) holder(ctx context.Context, secret *corev1.Secret) (*v1alpha1.ApiToken, error) {
	c, err := grant.Decode(secret.Data[grant.DataKey])
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // damaged, or of a newer version
	}
	var t v1alpha1.ApiToken
	err = r.Client.Get(ctx, types.NamespacedName{Namespace: c.Token.Namespace, Name: c.Token.Name}, &t)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("read the ApiToken of hash Secret %s: %w", secret.Name, err)
	}
	if t.UID != c.Token.UID || t.DeletionTimestamp != nil { // there is none, or another
		return nil, nil //nolint:nilnil // absence is a result, not an error
	}
	return &t, nil
}

// declaredBefore tells whether another ApiToken, that may have a token, comes first in declaring the hash.
func (r *Reconciler) declaredBefore(ctx context.Context, s *situation) (bool, error) {
	if s.compiled == nil {
		return false, nil
	}
	var list v1alpha1.ApiTokenList
	err := r.Client.List(ctx, &list, client.UnsafeDisableDeepCopy, client.MatchingFields{apiTokenByHash: declaredHashKey(s.token)})
	if err != nil {
		return false, fmt.Errorf("list ApiTokens with the declared hash: %w", err)
	}
	for i := range list.Items {
		other := &list.Items[i]
		same := other.Namespace == s.token.Namespace && other.Name == s.token.Name
		if same || other.DeletionTimestamp != nil || !precedes(other, s.token) {
			continue
		}
		if permitted, err := r.permitted(ctx, s, other); err != nil || permitted {
			return permitted, err
		}
	}
	return false, nil
}

// permitted tells whether a rule permits another token of the same policy, or may yet.
func (r *Reconciler) permitted(ctx context.Context, s *situation, other *v1alpha1.ApiToken) (bool, error) {
	request, _, err := r.siblingRequest(ctx, s, other)
	if err != nil || request == nil {
		return false, err
	}
	_, refused := refusalReasons[s.compiled.Evaluate(request).Verdict]
	return !refused, nil
}

// precedes orders ApiTokens that declare the same hash: first the one whose credential it was already, then by age.
func precedes(a, b *v1alpha1.ApiToken) bool {
	hash, err := declaredHash(&a.Spec)
	if err != nil || hash == nil {
		return false
	}
	id := hash.DerivedID()
	if first, second := acceptanceOf(a).id == id, acceptanceOf(b).id == id; first != second {
		return first
	}
	return policy.ByAge(a, b) < 0
}
