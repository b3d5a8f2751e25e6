// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"fmt"
	"slices"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
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
	// unwatched: the operator has no rights where the token's credentials would be; nothing may be written but the status.
	unwatched bool
	// issue: the token may have a credential made for it.
	issue bool
	// ended: it must have none; what it has ends.
	ended bool
	// state of its credentials, and what their holder is told if they are blocked.
	state         grant.State
	blockedReason string
	// invalid: the spec can't be compiled; credentials are blocked and otherwise left as they are.
	invalid bool
	// capped: a rule bounds how many tokens the owner may have.
	capped bool
	// unordered: the owner's tokens are not held back from one another.
	unordered bool
	// later: nothing is to be done before that time has passed; 0: now.
	later time.Duration
	// within is how soon the token has to be looked at anew; 0: at no certain time.
	within time.Duration
	// shown: the grant was judged, and the status may show it.
	shown bool

	// rotation is when the credential is replaced.
	rotation rotation
	// looks are the times at which the token has to be looked at anew.
	looks []time.Time

	claim      claim
	expiry     *expiry     // of the token; nil: it does not expire
	replaceBy  time.Time   // the declared hash is too old then; zero: never
	digest     string      // of the grant
	notes      grant.Notes // what is new in them
	rule       string
	approvedBy string
	publicURL  string
	binding    string // the Secret that holds the token
	retryAfter time.Duration
}

// judge says what should be true of a token in a situation. It fails if what it needs could not be read: the owner's
// other tokens, which are read as it goes, or the keys of stamps.
func (s *situation) judge() (verdict, error) {
	v := judge(s)
	unsigned := v.reason == v1alpha1.ReasonRequesterUnknown || v.reason == v1alpha1.ReasonApprovalRequired
	switch {
	case s.siblings != nil && s.siblings.err != nil:
		return verdict{}, s.siblings.err
	case unsigned && s.keyless != nil:
		return verdict{}, s.keyless
	}
	return v, nil
}

func judge(s *situation) verdict {
	v := verdict{state: grant.Blocked, capped: s.siblings != nil}
	if s.policy != nil {
		v.publicURL = string(s.policy.Spec.Jira.PublicURL)
	}
	var err error
	if v.claim, err = s.claim(); err == nil {
		v.digest, err = grant.Digest(&v.claim.Grant, v.claim.Request.ExpiresAt)
	}
	v.expiry = expiryOf(s, &v.claim)
	v.notes.Requester, v.notes.EndedHashes = s.requester, s.endedHashes()
	if s.compiled != nil {
		v.rotation.revokedBefore = s.compiled.RevokedBefore(s.now)
		v.look(s.compiled.RevokesLater(s.now))
	}
	if slices.ContainsFunc(s.slots, func(s slot) bool { return s.newer }) {
		v.untouched = true
		v.wait(v1alpha1.ReasonNewerVersion, "a newer version of the operator issued this token's credential: it is left as it "+
			"is; upgrade the operator again")
		return v
	}
	v.ended = s.hash.lost()
	if err != nil {
		v.invalid = true
		v.refuse(v1alpha1.ReasonNotPermitted, err.Error())
		return v
	}
	v.judgePolicy(s)
	return v
}

// judgePolicy looks at what stands in the way before a policy can decide.
func (v *verdict) judgePolicy(s *situation) {
	ref := fmt.Sprintf("%s/%s", s.token.Spec.PolicyRef.Namespace, s.token.Spec.PolicyRef.Name)
	switch {
	case s.namespace.DeletionTimestamp != nil:
		v.wait(v1alpha1.ReasonTerminating, fmt.Sprintf("namespace %s is being deleted", s.namespace.Name))
	case s.unwatched:
		v.unwatched = true
		v.refuse(v1alpha1.ReasonPolicyNotWatched, fmt.Sprintf("the operator does not work on namespace %s of TokenPolicy %s: have the "+
			"namespace added to the manager's --watch-namespaces, or delete this ApiToken and declare it with another "+
			"spec.policyRef", s.token.Spec.PolicyRef.Namespace, ref))
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
		v.shown = true
		v.within = s.compiled.MaxStaleness() / staleLooks
		v.decide(s)
	}
}

// readGrace is how long after a change of its policy a live token goes on while Jira has not been asked about something
// for the first time: else a policy that begins to ask would stop all its tokens for a moment.
const readGrace = time.Minute

// staleLooks is how often within maxStaleness a token is looked at anew. Its directory tells when it becomes stale, unless
// that can't be written down.
const staleLooks = 8

func (v *verdict) decide(s *situation) {
	decision := s.compiled.Evaluate(&v.claim.Request)
	v.rule, v.notes.OwnerKey = decision.Rule, decision.OwnerKey
	v.rotate(s, &decision)
	if reason, refused := refusalReasons[decision.Verdict]; refused {
		v.refuse(reason, decision.Message)
		return
	}
	if grace := s.since.Add(readGrace).Sub(s.now); decision.Unread && holdsPlace(s.slots) && grace > 0 {
		v.later = grace
		return
	}
	if reason, waiting := waitingReasons[decision.Verdict]; waiting {
		v.wait(reason, decision.Message)
		switch {
		case decision.Verdict == policy.RequesterUnknown && s.unstamped != nil:
			v.message += ". The ApiToken " + s.unstamped.Error()
		case decision.Verdict == policy.PlacePending:
			v.retryAfter = cacheDelay // the younger token's events may have come before this one waited
		}
		return
	}
	if decision.NeedsApproval {
		approval, given := v.approve(s)
		if !given {
			return
		}
		decision.Message += ", " + approval
	}
	v.permit(s, decision.Message)
}

var refusalReasons = map[policy.Verdict]string{
	policy.Denied:              v1alpha1.ReasonDenied,
	policy.HashTooOld:          v1alpha1.ReasonHashTooOld,
	policy.NamespaceNotAllowed: v1alpha1.ReasonNamespaceNotAllowed,
	policy.NotPermitted:        v1alpha1.ReasonNotPermitted,
	policy.OwnerNotFound:       v1alpha1.ReasonOwnerNotFound,
	policy.OwnerInactive:       v1alpha1.ReasonOwnerInactive,
	policy.OwnerChanged:        v1alpha1.ReasonOwnerChanged,
}

var waitingReasons = map[policy.Verdict]string{
	policy.RequesterUnknown: v1alpha1.ReasonRequesterUnknown,
	policy.DirectoryPending: v1alpha1.ReasonDirectoryPending,
	policy.PlacePending:     v1alpha1.ReasonPlacePending,
}

func (v *verdict) permit(s *situation, message string) {
	if !s.token.Spec.Suspend && !v.checkHash(s.hash) {
		return
	}
	v.message = message
	expiresAt := v.claim.Request.ExpiresAt
	switch {
	case s.token.Spec.Suspend:
		v.reason, v.message = v1alpha1.ReasonSuspended, "the token is suspended: set spec.suspend to false to let it work again"
		v.blockedReason = "the token is suspended"
	case expiresAt != nil && !s.now.Before(*expiresAt):
		// The gateway refuses it by its own clock; a write now would only repeat that.
		v.reason, v.state = v1alpha1.ReasonExpired, grant.Active
		v.message = fmt.Sprintf("the token expired at %s: set a later spec.expiresAt or a longer spec.lifetime to renew it",
			expiresAt.Format(time.RFC3339))
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
