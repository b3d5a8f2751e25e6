// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/perpolicy"
)

const (
	// verifySoon gathers changes that come together, such as the Secrets of one kubectl apply.
	verifySoon = time.Second
	// verifyOwnersSoon is between two rounds of owners' tokens that are new.
	verifyOwnersSoon = 10 * time.Second
	// verifyBackoff is how long after a first failure to reach Jira it is tried again.
	verifyBackoff = 5 * time.Second
)

// verdict is what a verification found.
type verdict struct {
	status          metav1.ConditionStatus
	reason, message string
	// retryAfter is how long Jira asks to be left alone.
	retryAfter time.Duration
}

// verificationState is what a manager remembers of one policy. It is lost with the process; then all is tried anew.
type verificationState struct {
	policy types.UID
	// source is what Jira was last asked with, and refusedSource what it was when it last said no.
	source, refusedSource string
	found                 verdict
	attempts, failures    int
	last, next            time.Time
	owners                map[string]ownerCheck // by folded owner
}

// due tells whether Jira is to be asked, and if not, when. What changed is tried soon, but for a Secret that is written
// again and again.
func (s *verificationState) due(now time.Time, source string, newOwners bool) (bool, time.Time) {
	if s.attempts == 0 {
		return true, now
	}
	next := s.next
	if soon := s.last.Add(verifySoon); source != s.source && soon.Before(next) {
		next = soon
	}
	if soon := s.last.Add(verifyOwnersSoon); newOwners && s.failures == 0 && soon.Before(next) {
		next = soon
	}
	return !now.Before(next), next
}

// whole tells whether this time all are tried again, rather than only owners' tokens that are new.
func (s *verificationState) whole(now time.Time, source string) bool {
	return s.attempts == 0 || source != s.source || !now.Before(s.next)
}

// finished takes down what was found. An impersonation that was refused is not tried again before its time: some more
// wrong passwords, and Jira locks a user out.
func (s *verificationState) finished(began time.Time, source string, found verdict) {
	whole := s.whole(began, source)
	s.attempts++
	s.source, s.last, s.found = source, began, found
	if found.status == metav1.ConditionFalse {
		s.refusedSource = source
	}
	if found.reason != v1alpha1.ReasonVerificationImpossible {
		s.failures = 0
		if whole {
			s.next = began.Add(s.jittered(verifyEvery))
		}
		return
	}
	s.failures++
	wait := min(max(verifyBackoff<<min(s.failures-1, 16), found.retryAfter), verifyEvery)
	s.next = began.Add(s.jittered(wait))
}

// condition is what the status is to say. While Jira can't be asked, a no that it gave to the same question stands.
func (s *verificationState) condition(p *v1alpha1.TokenPolicy) *metav1.Condition {
	before := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionImpersonationVerified)
	if s.found.reason == v1alpha1.ReasonVerificationImpossible && before != nil && before.Status == metav1.ConditionFalse &&
		before.ObservedGeneration == p.Generation && (s.refusedSource == s.source || s.refusedSource == "") {
		return before
	}
	return &metav1.Condition{
		Type: v1alpha1.ConditionImpersonationVerified, Status: s.found.status, Reason: s.found.reason, Message: s.found.message,
		ObservedGeneration: p.Generation,
	}
}

func (s *verificationState) jittered(d time.Duration) time.Duration {
	return perpolicy.Jittered(s.policy, s.attempts, d)
}

// verificationStates are the states of all policies.
type verificationStates struct {
	perpolicy.Memory[verificationState]
}

func (s *verificationStates) of(key types.NamespacedName, policy types.UID) *verificationState {
	return s.Of(key, policy, func() *verificationState {
		return &verificationState{policy: policy, owners: map[string]ownerCheck{}}
	})
}
