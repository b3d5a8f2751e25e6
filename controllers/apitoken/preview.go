// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

// Preview is what would become of a token.
type Preview struct {
	// Permitted: a rule permits it, though it may still have to be approved, say.
	Permitted bool
	// Certain: nothing that may still come would change that. Whose a declared hash is, another object of the same set may
	// change: one that is moved to another namespace is created there before it is deleted here.
	Certain bool
	// Message says why, as the token's conditions would.
	Message string
	// Mode is what the policy wants to be done with what it does not permit.
	Mode v1alpha1.AdmissionMode
	// Dated: it is known when the token would expire (nil: never), and since when that is declared. Without its policy it is
	// not known of a token that leaves its expiry to the policy.
	Dated      bool
	DeclaredAt time.Time
	ExpiresAt  *time.Time
}

// Preview says what would become of a token if it were stored as it is, declared by the requester (nil: not
// known). It writes nothing.
func (r *Reconciler) Preview(ctx context.Context, t *v1alpha1.ApiToken, requester *grant.Requester) (Preview, error) {
	if !r.Namespaces.Has(t.Namespace) {
		return r.outside(t), nil
	}
	slots, err := r.cachedSlots(ctx, t)
	if err != nil {
		return Preview{}, err
	}
	v, mode, err := r.foresee(ctx, r.Client, t, requester, slots)
	if err == nil && v.refused { // what was changed together with the token may not be in the cache yet
		v, mode, err = r.foresee(ctx, r.Live, t, requester, slots)
	}
	if err != nil {
		return Preview{}, err
	}
	request := &v.claim.Request
	return Preview{
		Permitted: !v.refused && !hopeless[v.reason], Certain: v.certain(), Message: v.message, Mode: mode,
		Dated:      !v.invalid && (v.reason != v1alpha1.ReasonPolicyNotFound || v.claim.declaredExpiry != byDefault),
		DeclaredAt: request.DeclaredAt, ExpiresAt: request.ExpiresAt,
	}, nil
}

// certain tells whether nothing that may still come would change a verdict.
func (v *verdict) certain() bool {
	switch v.reason {
	case v1alpha1.ReasonIssued, v1alpha1.ReasonSuspended:
		return true
	case v1alpha1.ReasonHashTaken, v1alpha1.ReasonHashRevoked:
		return false
	}
	return v.refused
}

// hopeless are the reasons to wait for which no rule permits the token yet.
var hopeless = map[string]bool{
	v1alpha1.ReasonPolicyNotFound: true, v1alpha1.ReasonPolicyNotReady: true, v1alpha1.ReasonTerminating: true,
	v1alpha1.ReasonRequesterUnknown: true, v1alpha1.ReasonDirectoryPending: true,
}

func (r *Reconciler) foresee(
	ctx context.Context, from client.Reader, t *v1alpha1.ApiToken, requester *grant.Requester, slots []slot,
) (verdict, v1alpha1.AdmissionMode, error) {
	s, err := r.situation(ctx, from, t, slots)
	if err != nil {
		return verdict{}, "", err
	}
	s.requester = nil
	if requester != nil {
		s.requester = &grant.Declared{Requester: *requester, Digest: stamp.DigestOf(&t.Spec)}
	}
	if s.siblings != nil {
		s.siblings.holding = nil // that one of them still has to be blocked is no matter of the declaration
	}
	mode := v1alpha1.AdmissionWarn
	if s.policy != nil && s.policy.Spec.Admission != "" {
		mode = s.policy.Spec.Admission
	}
	v, err := s.judge()
	return v, mode, err
}

// NamedGroups are the Kubernetes groups that the rules of a token's policy name; none if there is no such policy.
func (r *Reconciler) NamedGroups(ctx context.Context, t *v1alpha1.ApiToken) []string {
	p, _, err := policyOf(ctx, r.Client, t)
	if err != nil || p == nil {
		return nil
	}
	var names []string
	for i := range p.Spec.Rules {
		create := p.Spec.Rules[i].Create
		if create == nil {
			continue
		}
		for _, subject := range create.OnBehalf {
			if subject.Kind == v1alpha1.SubjectGroup {
				names = append(names, subject.Name)
			}
		}
	}
	return names
}
