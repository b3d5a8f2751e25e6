// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

// Keys verify who declared an ApiToken and who decided on it, as the webhook stamped.
type Keys interface {
	Ring(ctx context.Context) (*stamp.Ring, error)
}

// Directories tell what was read of Jira's groups and users for a policy.
type Directories interface {
	Of(ctx context.Context, p *v1alpha1.TokenPolicy) (*directory.Snapshot, error)
}

// situation is what a verdict depends on.
type situation struct {
	token     *v1alpha1.ApiToken
	policy    *v1alpha1.TokenPolicy // nil: there is none
	elected   bool                  // the policy is the one that counts in its namespace
	unwatched bool                  // the operator does not work on the policy's namespace
	namespace *corev1.Namespace     // of the token
	slots     []slot
	now       time.Time
	// credentialMissing: the policy impersonates with the owners' Jira tokens, and there is none of this owner.
	credentialMissing bool
	// requester is who declared what the token may do; nil: that is not known, and unstamped says why.
	requester *grant.Declared
	unstamped error
	keys      *stamp.Ring
	keyless   error // why there are no keys
	approvals []policy.Approval
	approved  map[string]types.UID // of the approvals, by name
	siblings  *siblings            // nil: no rule bounds their number
	// hash is how things stand with the hash that the token declares; nil: it declares none.
	hash *hashState

	compiled   *policy.Policy // of policy
	uncompiled error          // why there is none
	since      time.Time      // this generation of the policy is known
}

// situation gathers. Namespace and policy come from the given reader; all else from the cache, whose indexes it needs.
func (r *Reconciler) situation(
	ctx context.Context, from client.Reader, token *v1alpha1.ApiToken, slots []slot,
) (*situation, error) {
	s := &situation{token: token, slots: slots, now: r.Clock.Now()}
	s.keys, s.keyless = r.Keys.Ring(ctx)
	s.requester, s.unstamped = requesterOf(s.keys, token, slots)
	var err error
	if s.namespace, err = namespaceOf(ctx, from, token); err != nil {
		return nil, err
	}
	if s.unwatched = !r.watchesPolicyOf(token); s.unwatched {
		return s, nil
	}
	if s.policy, s.elected, err = policyOf(ctx, from, token); err != nil || s.policy == nil {
		return s, err
	}
	s.compiled, s.since, s.uncompiled = r.policies.compile(s.policy, r.directoryOf(ctx, s.policy), s.now)
	if s.credentialMissing, err = r.credentialMissing(ctx, s.policy, string(token.Spec.Owner)); err != nil {
		return nil, err
	}
	approvals, err := r.approvals(ctx, token)
	if err != nil {
		return nil, err
	}
	s.approvals, s.approved = readApprovals(s.keys, approvals, notesOf(slots).Approved)
	if s.hash, err = r.hashStateOf(ctx, s); err != nil {
		return nil, err
	}
	if s.compiled != nil && s.compiled.Capped() {
		s.siblings, err = r.siblingsOf(ctx, s)
	}
	return s, err
}

func namespaceOf(ctx context.Context, from client.Reader, t *v1alpha1.ApiToken) (*corev1.Namespace, error) {
	var namespace corev1.Namespace
	if err := from.Get(ctx, types.NamespacedName{Name: t.Namespace}, &namespace); err != nil {
		return nil, fmt.Errorf("read namespace %s: %w", t.Namespace, err)
	}
	return &namespace, nil
}

// directoryOf is what was read of Jira, as far as it is known; nil knows nothing.
func (r *Reconciler) directoryOf(ctx context.Context, p *v1alpha1.TokenPolicy) *directory.Snapshot {
	if p.Spec.Directory == nil {
		return nil
	}
	snapshot, err := r.Directories.Of(ctx, p)
	if err != nil {
		log.FromContext(ctx).Error(err, "what was read of Jira's groups and users can't be used",
			"policy", client.ObjectKeyFromObject(p).String())
	}
	return snapshot
}

// requesterOf is who declared what a token may do: by its stamp, or by what a credential remembers of the same
// declaration, should the stamp have been taken off or its key be lost.
func requesterOf(keys *stamp.Ring, t *v1alpha1.ApiToken, slots []slot) (*grant.Declared, error) {
	digest := stamp.DigestOf(&t.Spec)
	requester, err := keys.VerifyToken(t)
	if err == nil {
		return &grant.Declared{Requester: *requester, Digest: digest}, nil
	}
	if remembered := notesOf(slots).Requester; remembered != nil && remembered.Digest == digest {
		return remembered, nil
	}
	return nil, err
}
