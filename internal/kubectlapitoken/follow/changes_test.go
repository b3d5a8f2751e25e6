// SPDX-License-Identifier: Apache-2.0

package follow

import (
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// live is a token that works.
func live() *v1alpha1.ApiToken {
	return &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: "marketing", Name: "zapier", UID: "one", Generation: 1},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "svc", Scopes: []v1alpha1.Scope{"read"}, PolicyRef: v1alpha1.PolicyReference{Namespace: "jira-gateway", Name: "jira"},
		},
		Status: v1alpha1.ApiTokenStatus{
			ObservedGeneration: 1, Credential: &v1alpha1.CredentialStatus{ID: "first"},
			Conditions: []metav1.Condition{{Type: "Active", Status: "True", Reason: "Issued"}, {Type: "Ready", Status: "True", Reason: "Issued", Message: "fine"}},
		},
	}
}

func with(changes ...func(*v1alpha1.ApiToken)) *v1alpha1.ApiToken {
	t := live()
	for _, change := range changes {
		change(t)
	}
	return t
}

func because(active, ready metav1.ConditionStatus, reason string) func(*v1alpha1.ApiToken) {
	return func(t *v1alpha1.ApiToken) {
		t.Status.Conditions = []metav1.Condition{{Type: "Active", Status: active, Reason: reason}, {Type: "Ready", Status: ready, Reason: reason, Message: "why"}}
	}
}

func also(kind string) func(*v1alpha1.ApiToken) {
	return func(t *v1alpha1.ApiToken) {
		t.Status.Conditions = append(t.Status.Conditions, metav1.Condition{Type: kind, Status: "True", Message: "soon"})
	}
}

func TestBetween(t *testing.T) {
	suspended := because("False", "True", v1alpha1.ReasonSuspended)
	second := func(t *v1alpha1.ApiToken) {
		t.Status.Credential = &v1alpha1.CredentialStatus{ID: "second"}
		t.Status.Retiring = []v1alpha1.RetiringCredential{{ID: "first", RetiresAt: metav1.NewTime(noon)}}
	}
	used := func(requests, refused int64) func(*v1alpha1.ApiToken) {
		return func(t *v1alpha1.ApiToken) {
			t.Status.Activity = &v1alpha1.ActivityStatus{
				LastUsedAt: new(metav1.NewTime(noon.Add(time.Duration(requests) * time.Second))), LastAddress: "203.0.113.7", LastUserAgent: "curl\x1b",
				Requests: requests, Refused: refused, Refusals: []v1alpha1.RefusalCount{{Reason: "scope", Count: max(refused, 1)}},
			}
		}
	}
	changed := func(t *v1alpha1.ApiToken) { t.Generation = 2 }
	for name, c := range map[string]struct {
		before, after *v1alpha1.ApiToken
		want          []string
	}{
		"nothing":       {live(), live(), nil},
		"new":           {nil, live(), []string{"declared for Jira user svc, with read, under policy jira-gateway/jira", "issued credential first", "live Issued: fine"}},
		"gone":          {live(), nil, []string{"revoked the ApiToken and its credentials are gone"}},
		"declared anew": {live(), with(func(t *v1alpha1.ApiToken) { t.UID = "two" }), []string{"revoked ", "declared ", "issued ", "live "}},
		"rotated":       {live(), with(second), []string{"rotated credential second in place of first, accepted until 2026-11-01T12:00:00Z"}},
		"reissued": {
			live(), with(func(t *v1alpha1.ApiToken) { t.Status.Credential.ID = "second" }),
			[]string{"rotated credential second in place of first, which is not accepted any more"},
		},
		"retired":        {with(second), with(func(t *v1alpha1.ApiToken) { t.Status.Credential.ID = "second" }), []string{"retired credential first has ended"}},
		"suspended":      {live(), with(suspended), []string{"suspended Suspended: why"}},
		"resumed":        {with(suspended), live(), []string{"live Issued: fine"}},
		"expiring":       {live(), with(also(v1alpha1.ConditionExpiring)), []string{"expiring soon"}},
		"expiring still": {with(also(v1alpha1.ConditionExpiring)), with(also(v1alpha1.ConditionExpiring)), nil},
		"unused":         {live(), with(also(v1alpha1.ConditionUnused)), []string{"unused soon"}},
		"another reason": {
			with(because("False", "False", "PolicyNotReady")), with(because("False", "False", "ApprovalRequired")), []string{"waiting ApprovalRequired: why"},
		},
		"changed, not looked at": {live(), with(changed), []string{"changed its spec was changed (generation 2)"}},
		"first use":              {live(), with(used(3, 0)), []string{"used last at 2026-11-01T12:00:03Z from 203.0.113.7 with curl , 3 requests let through"}},
		"more uses":              {with(used(3, 1)), with(used(5, 4)), []string{"used last at 2026-11-01T12:00:05Z from 203.0.113.7 with curl , 2 requests let through", "requests-refused 3 more, 4 in all, mostly scope"}},
		"being deleted":          {live(), with(func(t *v1alpha1.ApiToken) { t.DeletionTimestamp = &metav1.Time{Time: noon}; t.Generation = 2 }), []string{"deleting it is being deleted"}},
	} {
		var have []string
		for _, change := range between(c.before, c.after, noon) {
			have = append(have, change.Event+" "+change.Message)
			if change.Namespace != "marketing" || change.Name != "zapier" || change.Time != "2026-11-01T12:00:00Z" || change.Owner != "svc" || !slices.Contains(events, change.Event) {
				t.Errorf("%s: %+v", name, change)
			}
		}
		same := slices.EqualFunc(have, c.want, strings.HasPrefix)
		if !same {
			t.Errorf("%s: have %s\nwant %s", name, strings.Join(have, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
}
