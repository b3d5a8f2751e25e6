// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/precision"
)

const (
	// reportsEvery is how often a gateway reports if it has nothing to tell.
	reportsEvery = 10 * time.Minute
	// silence is for how long a policy's gateways may have been silent while tokens are still found to be unused: after that,
	// nobody knows.
	silence = 3 * reportsEvery

	// ReasonNotUsed is that of the condition Unused.
	ReasonNotUsed = "NotUsed"
)

// JudgeUnused sets or removes the condition Unused, and tells whether it did. Its time begins with the last use, and not
// before the token last became active, was declared, or the policy's gateways began to report. Without news of them, a
// token that is not unused stays so.
func JudgeUnused(t *v1alpha1.ApiToken, p *v1alpha1.TokenPolicy, now time.Time) (changed bool) {
	settings := SettingsOf(p)
	since, judged := idleSince(t, p)
	if !judged || settings.Disabled || settings.UnusedAfter <= 0 || now.Before(since.Add(settings.UnusedAfter+settings.behind())) {
		return meta.RemoveStatusCondition(&t.Status.Conditions, v1alpha1.ConditionUnused)
	}
	is := meta.IsStatusConditionTrue(t.Status.Conditions, v1alpha1.ConditionUnused)
	if !is && now.After(p.Status.Activity.LastReportAt.Add(silence)) {
		return false
	}
	return meta.SetStatusCondition(&t.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionUnused, Status: metav1.ConditionTrue, Reason: ReasonNotUsed,
		Message: unusedMessage(t, since, p.Spec.Monitoring.UnusedAfter), ObservedGeneration: t.Generation,
		LastTransitionTime: metav1.NewTime(now),
	})
}

// behind is how far the last use that a status tells of may be behind the last use, though somebody uses the token all the time:
// times are rounded down, and told only so often.
func (s *Settings) behind() time.Duration { return precision.Unit(s.Times) + reportsEvery }

// idleSince is when the time without use began; not judged: it does not run, as the token is not active or nobody reports.
func idleSince(t *v1alpha1.ApiToken, p *v1alpha1.TokenPolicy) (since time.Time, judged bool) {
	active := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionActive)
	if active == nil || active.Status != metav1.ConditionTrue || p.Status.Activity == nil || t.DeletionTimestamp != nil {
		return time.Time{}, false
	}
	since = t.CreationTimestamp.Time
	at := []time.Time{active.LastTransitionTime.Time, p.Status.Activity.Since.Time}
	if used := lastUse(t); used != nil {
		at = append(at, used.Time)
	}
	for _, other := range at {
		if other.After(since) {
			since = other
		}
	}
	return since, true
}

func lastUse(t *v1alpha1.ApiToken) *metav1.Time {
	if t.Status.Activity == nil {
		return nil
	}
	return t.Status.Activity.LastUsedAt
}

func unusedMessage(t *v1alpha1.ApiToken, since time.Time, after v1alpha1.Lifetime) string {
	what := "no request with it was let through"
	if used := lastUse(t); used != nil && !used.Time.Before(since) {
		what = "it was last used then"
	}
	return fmt.Sprintf("not used since %s, for longer than the policy's monitoring.unusedAfter (%s): %s; delete the ApiToken "+
		"if nobody needs it", since.UTC().Format(time.RFC3339), after, what)
}
