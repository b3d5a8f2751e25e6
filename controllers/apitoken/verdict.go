// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// verdict is what should be true of a token now.
type verdict struct {
	reason, message string
	// waiting: what is missing may still come. refused: a person must act, unless the token was live before.
	waiting, refused bool
	// accepted: the gateway lets requests with the token through.
	accepted bool
	// untouched: a newer version of the operator is at work; nothing may be written but the status.
	untouched bool
	// issue: the token may have a credential made for it.
	issue bool
	// state of its credentials, and what their holder is told if they are blocked.
	state         grant.State
	blockedReason string
	// invalid: the spec can't be compiled; credentials are blocked and otherwise left as they are.
	invalid bool

	grant          grant.Grant
	scopes         scope.Set // of grant
	declaredAt     time.Time
	declaredExpiry string
	expiresAt      *time.Time
	rule           string
	publicURL      string
	binding        string // the Secret that holds the token
	retryAfter     time.Duration
}

// situation is what a verdict depends on.
type situation struct {
	token     *v1alpha1.ApiToken
	policy    *v1alpha1.TokenPolicy // nil: there is none
	elected   bool                  // the policy is the one that counts in its namespace
	namespace *corev1.Namespace     // of the token
	slots     []slot
	now       time.Time
	// credentialMissing: the policy impersonates with the owners' Jira tokens, and there is none of this owner.
	credentialMissing bool

	compiled   *policy.Policy // of policy
	uncompiled error          // why there is none
}

func (r *Reconciler) situation(
	ctx context.Context, from client.Reader, token *v1alpha1.ApiToken, slots []slot,
) (*situation, error) {
	s := &situation{token: token, slots: slots, now: r.Clock.Now(), namespace: &corev1.Namespace{}}
	if err := from.Get(ctx, types.NamespacedName{Name: token.Namespace}, s.namespace); err != nil {
		return nil, fmt.Errorf("read namespace %s: %w", token.Namespace, err)
	}
	var err error
	if s.policy, s.elected, err = policyOf(ctx, from, token); err != nil || s.policy == nil {
		return s, err
	}
	s.compiled, s.uncompiled = r.policies.compile(s.policy)
	s.credentialMissing, err = r.credentialMissing(ctx, s.policy, string(token.Spec.Owner))
	return s, err
}

// judge is pure: it says what should be true of a token in a situation.
func judge(s *situation) verdict {
	v := verdict{state: grant.Blocked}
	v.declaredAt, v.declaredExpiry = declaration(s)
	var defaults *v1alpha1.TokenDefaults
	if s.policy != nil {
		defaults = s.policy.Spec.Defaults
		v.publicURL = string(s.policy.Spec.Jira.PublicURL)
	}
	if slices.ContainsFunc(s.slots, func(s slot) bool { return s.newer }) {
		v.untouched = true
		v.wait(v1alpha1.ReasonNewerVersion, "a newer version of the operator issued this token's credential: it is left as it "+
			"is; upgrade the operator again")
		return v
	}
	if err := v.compileGrant(&s.token.Spec, defaults); err != nil {
		v.invalid = true
		v.refuse(v1alpha1.ReasonNotPermitted, err.Error())
		return v
	}
	if kept, ok := keptExpiry(s, v.declaredExpiry); ok {
		v.expiresAt = kept
	}
	ref := fmt.Sprintf("%s/%s", s.token.Spec.PolicyRef.Namespace, s.token.Spec.PolicyRef.Name)
	switch {
	case s.namespace.DeletionTimestamp != nil:
		v.wait(v1alpha1.ReasonTerminating, fmt.Sprintf("namespace %s is being deleted", s.namespace.Name))
	case s.policy == nil:
		v.wait(v1alpha1.ReasonPolicyNotFound, fmt.Sprintf("there is no TokenPolicy %s: create it, or delete this ApiToken and "+
			"declare it with another spec.policyRef", ref))
	case s.policy.DeletionTimestamp != nil && len(s.slots) == 0:
		v.wait(v1alpha1.ReasonTerminating, fmt.Sprintf("TokenPolicy %s is being deleted, so nothing new is issued from it", ref))
	case !s.elected:
		v.wait(v1alpha1.ReasonPolicyNotReady, fmt.Sprintf("TokenPolicy %s does not count: an older one is in its namespace", ref))
	case s.uncompiled != nil:
		v.wait(v1alpha1.ReasonPolicyNotReady, fmt.Sprintf("TokenPolicy %s can't be used: %s", ref, s.uncompiled))
	default:
		v.decide(s)
	}
	return v
}

func (v *verdict) decide(s *situation) {
	decision := s.compiled.Evaluate(&policy.Request{
		Namespace: s.token.Namespace, NamespaceLabels: s.namespace.Labels, Name: s.token.Name, Owner: v.grant.Owner,
		Scopes: v.scopes, SourceRanges: v.grant.SourceRanges, DeclaredAt: v.declaredAt, ExpiresAt: v.expiresAt,
	})
	v.rule = decision.Rule
	switch decision.Verdict {
	case policy.Denied:
		v.refuse(v1alpha1.ReasonDenied, decision.Message)
	case policy.NamespaceNotAllowed:
		v.refuse(v1alpha1.ReasonNamespaceNotAllowed, decision.Message)
	case policy.NotPermitted:
		v.refuse(v1alpha1.ReasonNotPermitted, decision.Message)
	case policy.Permitted:
		v.permit(s, decision.Message)
	}
}

func (v *verdict) permit(s *situation, message string) {
	v.message = message
	switch {
	case s.token.Spec.Suspend:
		v.reason, v.message = v1alpha1.ReasonSuspended, "the token is suspended: set spec.suspend to false to let it work again"
		v.blockedReason = "the token is suspended"
	case v.expiresAt != nil && !s.now.Before(*v.expiresAt):
		// The gateway refuses it by its own clock; a write now would only repeat that.
		v.reason, v.state = v1alpha1.ReasonExpired, grant.Active
		v.message = fmt.Sprintf("the token expired at %s: set a later spec.expiresAt or a longer spec.lifetime to renew it",
			v.expiresAt.Format(time.RFC3339))
	case s.credentialMissing:
		v.wait(v1alpha1.ReasonOwnerCredentialMissing, fmt.Sprintf("the gateway has no Jira token of owner %[1]q to act with: "+
			"create a Secret in namespace %[2]s with the keys owner (%[1]s) and token (a personal access token made by that user "+
			"in Jira) and the labels %[3]s=%[4]s and %[5]s=%[6]s", s.token.Spec.Owner, s.policy.Namespace,
			v1alpha1.LabelPolicy, s.policy.Name, v1alpha1.LabelCredential, v1alpha1.CredentialOwnerToken))
		v.state, v.blockedReason, v.issue = grant.Active, "", true // the gateway says the same to whoever calls
	default:
		v.reason, v.state, v.issue, v.accepted = v1alpha1.ReasonIssued, grant.Active, true, true
	}
}

func (v *verdict) wait(reason, message string) {
	v.reason, v.message, v.waiting = reason, message, true
	v.state, v.blockedReason = grant.Blocked, "the token's policy is not in force"
}

func (v *verdict) refuse(reason, message string) {
	v.reason, v.message, v.refused = reason, message, true
	v.accepted, v.waiting = false, false
	v.state, v.blockedReason = grant.Blocked, message
}

func (v *verdict) compileGrant(spec *v1alpha1.ApiTokenSpec, defaults *v1alpha1.TokenDefaults) (err error) {
	if v.expiresAt, err = policy.Expiry(spec, defaults, v.declaredAt); err != nil {
		return fmt.Errorf("lifetime of the token or of its policy's defaults: %w", err)
	}
	if err := grant.CheckUserName(string(spec.Owner)); err != nil {
		return fmt.Errorf("spec.owner: %w", err)
	}
	if v.scopes, err = policy.ParseScopes(spec.Scopes); err != nil {
		return fmt.Errorf("spec.scopes: %w", err)
	}
	ranges, err := policy.ParseRanges(spec.SourceRanges)
	if err != nil {
		return fmt.Errorf("spec.sourceRanges: %w", err)
	}
	v.grant = grant.Grant{Owner: string(spec.Owner), Scopes: v.scopes.Names(), SourceRanges: ranges}
	return nil
}
