// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

// decideTimeout leaves something of the five seconds that the API server waits.
const decideTimeout = 3 * time.Second

// undecided is what is said if the decision failed.
const undecided = "It could not be decided now whether the policy permits this ApiToken. Its conditions will tell."

// Decider says what will become of a token, by what is known at the moment.
type Decider interface {
	// NamedGroups are the Kubernetes groups that the token's policy names, which a stamp keeps before others; none if the
	// policy is not known.
	NamedGroups(ctx context.Context, token *v1alpha1.ApiToken) []string
	// Decide judges the token as it would be stored; at its creation it has no UID and no time. requester
	// is who asks for what it says; nil: not known. An error admits the token.
	Decide(ctx context.Context, token *v1alpha1.ApiToken, requester *grant.Requester) (Decision, error)
}

// Decision is what a Decider says.
type Decision struct {
	// Permitted: the policy permits the token, perhaps once it is approved.
	Permitted bool
	// Certain: nothing that may still come changes that. Without a policy, before Jira's groups were read, or before an
	// approval nothing is certain.
	Certain bool
	// Message says why, and what would have to change: one or more sentences. It becomes a warning, unless the token is
	// certainly permitted: then it is shown in a dry run alone. Empty: there is nothing to say.
	Message string
	// Mode is the policy's spec.admission; empty: Warn.
	Mode v1alpha1.AdmissionMode
	// Lifetime is the token's; nil: not known.
	Lifetime *Lifetime
}

// requester is who asks for what the token says: whoever this request is from, or whoever asked before.
func (*tokens) requester(ring *stamp.Ring, token, old *v1alpha1.ApiToken, c *claim) *grant.Requester {
	if c.asksAnew {
		return &c.user
	}
	before := token.DeepCopy() // what is judged has not changed since
	before.ObjectMeta = old.ObjectMeta
	r, err := ring.VerifyToken(before)
	if err != nil {
		return nil
	}
	return r
}

// decide never denies what is not certain: GitOps tools try all objects of a set before any exists.
func (h *tokens) decide(
	ctx context.Context, request *admission.Request, token, old *v1alpha1.ApiToken, requester *grant.Requester,
) (admission.Response, outcome) {
	bounded, cancel := context.WithTimeout(ctx, decideTimeout)
	defer cancel()
	d, err := h.decider.Decide(bounded, token, requester)
	switch {
	case err != nil:
		log.FromContext(ctx).Error(err, "an ApiToken can't be decided about")
		return admission.Allowed("").WithWarnings(undecided), outcomeUndecided
	case d.Mode == v1alpha1.AdmissionDeny && d.Certain && !d.Permitted:
		return admission.Denied(d.Message), outcomeDenied
	}
	odd := h.odd(token, old, &d)
	if d.Certain && d.Permitted && !isDryRun(request) {
		return admission.Allowed("").WithWarnings(odd...), outcomeAdmitted
	}
	answer := admission.Allowed("").WithWarnings(warnings(d.Message, odd...)...)
	if d.Permitted || !d.Certain {
		return answer, outcomeAdmitted
	}
	return answer, outcomeWarned
}

// odd is what to warn of besides the decision, wherever the spec changes.
func (h *tokens) odd(token, old *v1alpha1.ApiToken, d *Decision) []string {
	now := h.stamper.clock.Now()
	if old == nil {
		return lifetimeWarnings(&token.Spec, nil, d.Lifetime, now)
	}
	if stamp.DigestOf(&token.Spec) == stamp.DigestOf(&old.Spec) {
		return nil
	}
	return lifetimeWarnings(&token.Spec, &old.Spec, d.Lifetime, now)
}
