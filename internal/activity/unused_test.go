// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

const day = 24 * time.Hour

// unusedWorld is a policy that finds tokens unused after 30 days, whose gateways have reported for a year, and a token that was
// declared, and became active, 100 days ago.
func unusedWorld() (*v1alpha1.ApiToken, *v1alpha1.TokenPolicy) {
	ago := func(d time.Duration) metav1.Time { return metav1.NewTime(noon.Add(-d)) }
	t := &v1alpha1.ApiToken{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: ago(100 * day), Generation: 1}}
	t.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionActive, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonIssued, LastTransitionTime: ago(100 * day),
	}}
	p := &v1alpha1.TokenPolicy{}
	p.Spec.Monitoring = &v1alpha1.Monitoring{UnusedAfter: "720h"}
	p.Status.Activity = &v1alpha1.ActivityReporting{Since: ago(365 * day), LastReportAt: ago(time.Minute)}
	return t, p
}

func TestJudgeUnused(t *testing.T) {
	used := func(ago time.Duration) func(*v1alpha1.ApiToken, *v1alpha1.TokenPolicy) {
		return func(t *v1alpha1.ApiToken, _ *v1alpha1.TokenPolicy) {
			t.Status.Activity = &v1alpha1.ActivityStatus{LastUsedAt: &metav1.Time{Time: noon.Add(-ago)}}
		}
	}
	type edit = func(*v1alpha1.ApiToken, *v1alpha1.TokenPolicy)
	for name, c := range map[string]struct {
		edit    edit
		message string // of the condition; empty: it is absent
	}{
		"never used":        {func(*v1alpha1.ApiToken, *v1alpha1.TokenPolicy) {}, "no request"},
		"used long ago":     {used(30*day + 11*time.Minute), "last used then"},
		"used a little ago": {used(30*day + 11*time.Minute - time.Second), ""},
		"used yesterday, which is all that is told": {func(t *v1alpha1.ApiToken, p *v1alpha1.TokenPolicy) {
			used(30*day+23*time.Hour)(t, p)
			p.Spec.Monitoring.Activity = &v1alpha1.ActivityReport{Times: v1alpha1.TimesToTheDay}
		}, ""},
		"used before it resumed": {func(t *v1alpha1.ApiToken, p *v1alpha1.TokenPolicy) {
			used(90*day)(t, p)
			t.Status.Conditions[0].LastTransitionTime = metav1.NewTime(noon.Add(-29 * day))
		}, ""},
		"not active": {func(t *v1alpha1.ApiToken, _ *v1alpha1.TokenPolicy) {
			t.Status.Conditions[0].Status = metav1.ConditionFalse
		}, ""},
		"without status":       {func(t *v1alpha1.ApiToken, _ *v1alpha1.TokenPolicy) { t.Status.Conditions = nil }, ""},
		"not asked for":        {func(_ *v1alpha1.ApiToken, p *v1alpha1.TokenPolicy) { p.Spec.Monitoring = nil }, ""},
		"no time given":        {func(_ *v1alpha1.ApiToken, p *v1alpha1.TokenPolicy) { p.Spec.Monitoring.UnusedAfter = "" }, ""},
		"nobody ever reported": {func(_ *v1alpha1.ApiToken, p *v1alpha1.TokenPolicy) { p.Status.Activity = nil }, ""},
		"reports have just begun": {func(_ *v1alpha1.ApiToken, p *v1alpha1.TokenPolicy) {
			p.Status.Activity.Since = metav1.NewTime(noon.Add(-29 * day))
		}, ""},
		"reports have ended": {func(_ *v1alpha1.ApiToken, p *v1alpha1.TokenPolicy) {
			p.Status.Activity.LastReportAt = metav1.NewTime(noon.Add(-time.Hour))
		}, ""},
		"reports are off": {func(_ *v1alpha1.ApiToken, p *v1alpha1.TokenPolicy) {
			p.Spec.Monitoring.Activity = &v1alpha1.ActivityReport{Disabled: true}
		}, ""},
		"being deleted": {func(t *v1alpha1.ApiToken, _ *v1alpha1.TokenPolicy) { t.DeletionTimestamp = &metav1.Time{Time: noon} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tok, p := unusedWorld()
			c.edit(tok, p)
			if changed := JudgeUnused(tok, p, noon); changed != (c.message != "") {
				t.Errorf("changed: %v", changed)
			}
			condition := meta.FindStatusCondition(tok.Status.Conditions, v1alpha1.ConditionUnused)
			if (condition != nil) != (c.message != "") || condition != nil && !strings.Contains(condition.Message, c.message) {
				t.Errorf("%+v", condition)
			}
			if JudgeUnused(tok, p, noon.Add(time.Minute)) && name != "used a little ago" {
				t.Error("it is written again without a change")
			}
		})
	}
}

// TestUnusedEnds: a token that is used again loses the condition, and one that is unused keeps it while nobody reports.
func TestUnusedEnds(t *testing.T) {
	tok, p := unusedWorld()
	JudgeUnused(tok, p, noon)
	p.Status.Activity.LastReportAt = metav1.NewTime(noon.Add(-time.Hour))
	if JudgeUnused(tok, p, noon) || !meta.IsStatusConditionTrue(tok.Status.Conditions, v1alpha1.ConditionUnused) {
		t.Errorf("while nobody reports: %+v", tok.Status.Conditions)
	}
	tok.Status.Activity = &v1alpha1.ActivityStatus{LastUsedAt: &metav1.Time{Time: noon}}
	if !JudgeUnused(tok, p, noon) || len(tok.Status.Conditions) != 1 {
		t.Errorf("after a use: %+v", tok.Status.Conditions)
	}
}
