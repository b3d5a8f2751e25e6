// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// limited is the test policy's rule for developers with other limits.
func limited(change func(*v1alpha1.Limits)) *v1alpha1.TokenPolicy {
	p := testPolicy()
	p.Spec.Rules = p.Spec.Rules[:1]
	p.Spec.Rules[0].Limits.MaxLifetime = ""
	change(&p.Spec.Rules[0].Limits)
	return p
}

func TestLimits(t *testing.T) {
	rate := &grant.RateLimit{Requests: 60, Period: time.Minute, Burst: 10}
	for name, c := range map[string]struct {
		limit  func(*v1alpha1.Limits)
		change func(*policy.Request)
		says   string // empty: it is permitted
	}{
		"long enough":                    {func(l *v1alpha1.Limits) { l.MinLifetime = "24h" }, func(*policy.Request) {}, ""},
		"for ever is long enough":        {func(l *v1alpha1.Limits) { l.MinLifetime = "24h" }, func(r *policy.Request) { r.ExpiresAt = nil }, ""},
		"too short":                      {func(l *v1alpha1.Limits) { l.MinLifetime = "25h" }, func(*policy.Request) {}, "set spec.lifetime to at least 25h"},
		"expires before its declaration": {func(l *v1alpha1.Limits) { l.MinLifetime = "1s" }, func(r *policy.Request) { e := declared.Add(-time.Hour); r.ExpiresAt = &e }, "the least is 1s"},
		"already expired":                {func(*v1alpha1.Limits) {}, func(r *policy.Request) { e := declared.Add(-time.Hour); r.ExpiresAt = &e }, ""},
		"expires":                        {func(l *v1alpha1.Limits) { l.MustExpire = true }, func(*policy.Request) {}, ""},
		"does not expire":                {func(l *v1alpha1.Limits) { l.MustExpire = true }, func(r *policy.Request) { r.ExpiresAt = nil }, "set spec.lifetime or spec.expiresAt"},
		"rate at the ceiling":            {ceiling(60, "1m", 10), func(r *policy.Request) { r.RateLimit = rate }, ""},
		"the same rate in other words":   {ceiling(1, "1s", 10), func(r *policy.Request) { r.RateLimit = rate }, ""},
		"rate above the ceiling":         {ceiling(59, "1m", 10), func(r *policy.Request) { r.RateLimit = rate }, "{requests: 59, period: 1m, burst: 10}"},
		"burst above the ceiling":        {ceiling(60, "1m", 9), func(r *policy.Request) { r.RateLimit = rate }, "set spec.rateLimit to at most"},
		"no rate limit":                  {ceiling(60, "1m", 60), func(*policy.Request) {}, "set spec.rateLimit to at most {requests: 60, period: 1m, burst: 60}"},
		"description":                    {pattern(`[A-Z]+-[0-9]+: .+`), func(r *policy.Request) { r.Description = "ABC-7: backup" }, ""},
		"description with more before":   {pattern(`[A-Z]+-[0-9]+: .+`), func(r *policy.Request) { r.Description = "x ABC-7: backup" }, "spec.description must match"},
		"description with more behind":   {pattern(`[A-Z]+-[0-9]+`), func(r *policy.Request) { r.Description = "ABC-7 and so on" }, "spec.description must match"},
		"description of two lines":       {pattern(`(?m)^ABC-7$`), func(r *policy.Request) { r.Description = "ABC-7\nanything" }, "spec.description must match"},
		"either of two descriptions":     {pattern(`a|b`), func(r *policy.Request) { r.Description = "b" }, ""},
		"neither of two descriptions":    {pattern(`a|b`), func(r *policy.Request) { r.Description = "ax" }, "spec.description must match"},
		"no description":                 {pattern(`.+`), func(*policy.Request) {}, "spec.description must match"},
		"no description needed":          {pattern(`.*`), func(*policy.Request) {}, ""},
	} {
		got := verdictOf(t, limited(c.limit), nil, request(c.change))
		if want := c.says == ""; want != (got.Verdict == policy.Permitted) || !strings.Contains(got.Message, c.says) {
			t.Errorf("%s: %d %s, want %q", name, got.Verdict, got.Message, c.says)
		}
	}
}

func ceiling(requests int32, period v1alpha1.RatePeriod, burst int32) func(*v1alpha1.Limits) {
	return func(l *v1alpha1.Limits) {
		l.RateLimit = &v1alpha1.RateLimit{Requests: requests, Period: period, Burst: &burst}
	}
}

func pattern(p string) func(*v1alpha1.Limits) {
	return func(l *v1alpha1.Limits) { l.DescriptionPattern = p }
}

// TestMaxTokensPerOwner: what holds a place, and what does not.
func TestMaxTokensPerOwner(t *testing.T) {
	most := func(n int32) func(*v1alpha1.Limits) { return func(l *v1alpha1.Limits) { l.MaxTokensPerOwner = &n } }
	other := func(change func(*policy.Request)) *policy.Request {
		return request(func(r *policy.Request) { r.Name = "older"; change(r) })
	}
	plain := func(*policy.Request) {}
	live := func(r *policy.Request) { r.Live = true }
	for name, c := range map[string]struct {
		policy func(*v1alpha1.TokenPolicySpec)
		older  []*policy.Request
		want   policy.Verdict
	}{
		"the first":                           {nil, nil, policy.Permitted},
		"the second":                          {nil, []*policy.Request{other(plain)}, policy.Permitted},
		"one too many":                        {nil, []*policy.Request{other(plain), other(plain)}, policy.NotPermitted},
		"an older one that is too long lived": {nil, []*policy.Request{other(plain), other(func(r *policy.Request) { r.ExpiresAt = nil })}, policy.Permitted},
		"an older one in another namespace":   {nil, []*policy.Request{other(plain), other(func(r *policy.Request) { r.Namespace = "ops" })}, policy.Permitted},
		"an older one from where none may come": {func(s *v1alpha1.TokenPolicySpec) {
			s.Rules[0].Namespaces = v1alpha1.NamespaceSet{Selector: &metav1.LabelSelector{}}
		}, []*policy.Request{other(plain), other(func(r *policy.Request) { r.NamespaceLabels = nil })}, policy.Permitted},
		"a live one that is denied, and not yet blocked": {func(s *v1alpha1.TokenPolicySpec) {
			s.Deny = &v1alpha1.Deny{Tokens: []v1alpha1.DeniedToken{"dev/older"}}
		}, []*policy.Request{other(live), other(live)}, policy.NotPermitted},
		"an older one that is denied": {func(s *v1alpha1.TokenPolicySpec) {
			s.Deny = &v1alpha1.Deny{Tokens: []v1alpha1.DeniedToken{"dev/older"}}
		}, []*policy.Request{other(plain), other(plain)}, policy.Permitted},
		"live ones that were approved":  {func(s *v1alpha1.TokenPolicySpec) { s.Rules[0].Approval = &v1alpha1.RuleApproval{Required: true} }, []*policy.Request{other(live), other(live)}, policy.NotPermitted},
		"older ones that need approval": {func(s *v1alpha1.TokenPolicySpec) { s.Rules[0].Approval = &v1alpha1.RuleApproval{Required: true} }, []*policy.Request{other(plain), other(plain)}, policy.Permitted},
		"an older one of an unknown requester": {func(s *v1alpha1.TokenPolicySpec) {
			s.Rules[0].Create = &v1alpha1.Create{OnBehalf: []v1alpha1.Subject{{Kind: v1alpha1.SubjectUser, Name: "zoe"}}}
		}, []*policy.Request{other(func(r *policy.Request) { r.Requester = requester("zoe") }), other(plain)}, policy.Permitted},
		"an older one that its requester may not declare": {func(s *v1alpha1.TokenPolicySpec) {
			s.Rules[0].Create = &v1alpha1.Create{OnBehalf: []v1alpha1.Subject{{Kind: v1alpha1.SubjectUser, Name: "zoe"}}}
		}, []*policy.Request{other(func(r *policy.Request) { r.Requester = requester("eve") }), other(func(r *policy.Request) { r.Requester = requester("zoe") })}, policy.Permitted},
	} {
		p := limited(most(2))
		p.Spec.Rules[0].Limits.MaxLifetime = "720h"
		if c.policy != nil {
			c.policy(&p.Spec)
		}
		r := request(func(r *policy.Request) {
			r.Requester = requester("zoe")
			r.Older = slices.Values(c.older)
		})
		if got := verdictOf(t, p, nil, r); got.Verdict != c.want {
			t.Errorf("%s: %d %s, want %d", name, got.Verdict, got.Message, c.want)
		}
	}
}

// TestOlderTokensAreJudgedNow: what Jira said counts for them as for the token itself.
func TestOlderTokensAreJudgedNow(t *testing.T) {
	one := int32(1)
	p := withDirectory(limited(func(l *v1alpha1.Limits) { l.MaxTokensPerOwner = &one }))
	fromJira(p, "leads")
	p.Spec.Requesters = &v1alpha1.Requesters{}
	p.Spec.Rules[0].Create = &v1alpha1.Create{OnBehalf: []v1alpha1.Subject{{Kind: v1alpha1.SubjectJiraGroup, Name: "leads"}}}
	dir := snapshot("alice")
	addGroup(dir, "leads", "lea")
	older := request(func(r *policy.Request) { r.Now, r.Requester = time.Time{}, requester("eve") })
	r := request(func(r *policy.Request) {
		r.Requester, r.Older = requester("lea"), slices.Values([]*policy.Request{older})
	})
	if got := verdictOf(t, p, dir, r); got.Verdict != policy.Permitted {
		t.Errorf("a token that its requester may not declare holds a place: %d %s", got.Verdict, got.Message)
	}
	if !older.Now.IsZero() {
		t.Error("the caller's request was changed")
	}
}

// TestOlderTokensAreReadAsFarAsNeeded: building them is dear, and most rules do not need them.
func TestOlderTokensAreReadAsFarAsNeeded(t *testing.T) {
	read := 0
	r := request(func(r *policy.Request) {
		older := *r
		r.Older = func(yield func(*policy.Request) bool) {
			for range 100 {
				read++
				if !yield(&older) {
					return
				}
			}
		}
	})
	p := testPolicy()
	verdictOf(t, p, nil, r)
	if read != 0 {
		t.Errorf("%d were read without need", read)
	}
	p = limited(func(l *v1alpha1.Limits) { l.MaxTokensPerOwner = new(int32(3)) })
	if got := verdictOf(t, p, nil, r); got.Verdict != policy.NotPermitted || read != 3 {
		t.Errorf("%d of 100 were read: %s", read, got.Message)
	}
}

// TestPlaceOfAYoungerToken: an older token waits until the younger one, which has the place, is blocked.
func TestPlaceOfAYoungerToken(t *testing.T) {
	p := limited(func(l *v1alpha1.Limits) { l.MaxTokensPerOwner = new(int32(2)) })
	for holding, want := range []policy.Verdict{policy.Permitted, policy.PlacePending, policy.PlacePending} {
		r := request(func(r *policy.Request) {
			other := *r
			r.Older = slices.Values([]*policy.Request{&other})
			r.Holding = slices.Values(slices.Repeat([]*policy.Request{&other}, holding))
		})
		if got := verdictOf(t, p, nil, r); got.Verdict != want {
			t.Errorf("%d younger ones: %d %s, want %d", holding, got.Verdict, got.Message, want)
		}
	}
}
