// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/jira"
)

func TestJudgeOwners(t *testing.T) {
	checks := func(good, wrong int) map[string]ownerCheck {
		all := map[string]ownerCheck{}
		for n := range good {
			all[fmt.Sprintf("good%02d", n)] = ownerCheck{}
		}
		for n := range wrong {
			all[fmt.Sprintf("wrong%02d", n)] = ownerCheck{wrong: true}
		}
		return all
	}
	for name, c := range map[string]struct {
		good, wrong int
		status      metav1.ConditionStatus
		reason      string
	}{
		"none":      {0, 0, metav1.ConditionUnknown, v1alpha1.ReasonVerificationNotConfigured},
		"all good":  {3, 0, metav1.ConditionTrue, v1alpha1.ReasonVerified},
		"some":      {1, 11, metav1.ConditionFalse, v1alpha1.ReasonOwnerTokensRefused},
		"all wrong": {0, 1, metav1.ConditionFalse, v1alpha1.ReasonImpersonationRefused},
	} {
		found := judgeOwners(checks(c.good, c.wrong))
		if found.status != c.status || found.reason != c.reason {
			t.Errorf("%s: %+v", name, found)
		}
		if named := strings.Count(found.message, "wrong"); named != min(c.wrong, ownersInMessage) {
			t.Errorf("%s: names %d: %s", name, named, found.message)
		}
	}
}

// TestJudgeAnswer: only what Jira refuses is a no.
func TestJudgeAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status metav1.ConditionStatus
	}{
		"refused":     {&jira.RefusedError{Why: "no"}, metav1.ConditionFalse},
		"unavailable": {&jira.UnavailableError{Why: "down", RetryAfter: time.Minute}, metav1.ConditionUnknown},
		"not found":   {&jira.NotFoundError{Thing: "user"}, metav1.ConditionUnknown},
		"another":     {errors.New("s3cret"), metav1.ConditionUnknown},
	} {
		found, ok := judgeAnswer(c.err)
		if ok || found.status != c.status || strings.Contains(found.message, "s3cret") {
			t.Errorf("%s: %t %+v", name, ok, found)
		}
	}
	if _, ok := judgeAnswer(nil); !ok {
		t.Error("no error is no yes")
	}
}

// TestVerificationTimes: a Jira that is down is tried at growing distances, one that says no only at its time.
func TestVerificationTimes(t *testing.T) {
	now := time.Now()
	s := &verificationState{policy: "uid"}
	down := verdict{status: metav1.ConditionUnknown, reason: v1alpha1.ReasonVerificationImpossible}
	var waits []time.Duration
	for range 9 {
		s.finished(now, "source", down)
		waits = append(waits, s.next.Sub(now))
		now = s.next
	}
	if waits[0] > 6*time.Second || waits[3] < 30*time.Second || waits[8] < 9*time.Minute || waits[8] > 11*time.Minute {
		t.Errorf("%s", waits)
	}
	down.retryAfter = 5 * time.Minute
	s.failures = 0
	s.finished(now, "source", down)
	if wait := s.next.Sub(now); wait < 4*time.Minute || wait > 6*time.Minute {
		t.Errorf("Jira's Retry-After: %s", wait)
	}
	now = s.next
	s.finished(now, "source", verdict{status: metav1.ConditionFalse, reason: v1alpha1.ReasonImpersonationRefused})
	if due, next := s.due(now.Add(time.Minute), "source", false); due || next.Sub(now) < 9*time.Minute {
		t.Errorf("refused, and tried again at %s", next.Sub(now))
	}
	if due, _ := s.due(now.Add(time.Second), "another source", false); !due {
		t.Error("another Secret is not tried")
	}
	if due, _ := s.due(now.Add(time.Second/2), "another source", false); due {
		t.Error("a Secret that changes all the time is tried all the time")
	}
}
