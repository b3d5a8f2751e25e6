// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// narrowing takes one thing away from a world. frees: it may take an older token's place away, which then falls to the
// next one; such narrowings are judged without older tokens.
type narrowing struct {
	frees bool
	apply func(t *rapid.T, w *world, r *v1alpha1.Rule) // r is one of the policy's rules
}

func pick(t *rapid.T, n int) int { return rapid.IntRange(0, n-1).Draw(t, "which") }

// shorter takes the last element away, if enough are left.
func shorter[T any](list []T, least int) []T { return list[:max(min(least, len(list)), len(list)-1)] }

var narrowings = map[string]narrowing{
	"remove a rule": {apply: func(t *rapid.T, w *world, _ *v1alpha1.Rule) {
		i := pick(t, len(w.policy.Spec.Rules))
		w.policy.Spec.Rules = slices.Delete(w.policy.Spec.Rules, i, i+1)
	}},
	"fewer scopes": {true, func(_ *rapid.T, _ *world, r *v1alpha1.Rule) { r.Limits.Scopes = shorter(r.Limits.Scopes, 1) }},
	"finer scopes": {true, func(_ *rapid.T, _ *world, r *v1alpha1.Rule) {
		finer := map[v1alpha1.Scope]v1alpha1.Scope{"read": "read:issue", "write": "write:comment", "admin": "admin:user"}
		list := slices.Clone(r.Limits.Scopes)
		for i, s := range list {
			if finer[s] != "" {
				list[i] = finer[s]
			}
		}
		r.Limits.Scopes = list
	}},
	"shorter maximum": {true, func(_ *rapid.T, _ *world, r *v1alpha1.Rule) {
		r.Limits.MaxLifetime = map[v1alpha1.Lifetime]v1alpha1.Lifetime{"": "720h", "720h": "24h", "24h": "1h", "1h": "1h"}[r.Limits.MaxLifetime]
	}},
	"longer minimum": {true, func(_ *rapid.T, _ *world, r *v1alpha1.Rule) { r.Limits.MinLifetime = "24h" }},
	"must expire":    {true, func(_ *rapid.T, _ *world, r *v1alpha1.Rule) { r.Limits.MustExpire = true }},
	"fewer addresses": {true, func(t *rapid.T, _ *world, r *v1alpha1.Rule) {
		if len(r.Limits.SourceRanges) == 0 { // none is no limit; taking the last one away would lift it
			r.Limits.SourceRanges = some(t, ranges, 1, "source ranges")
			return
		}
		r.Limits.SourceRanges = shorter(r.Limits.SourceRanges, 1)
	}},
	"must say headers": {true, func(_ *rapid.T, _ *world, r *v1alpha1.Rule) { r.Limits.HeadersRequired = true }},
	"fewer at once": {true, func(_ *rapid.T, _ *world, r *v1alpha1.Rule) {
		one := int32(1)
		if r.Limits.RateLimit == nil {
			r.Limits.RateLimit = &v1alpha1.RateLimit{Requests: 3, Period: "1m"}
		}
		r.Limits.RateLimit.Concurrent = &one
	}},
	"lower ceiling": {true, func(_ *rapid.T, _ *world, r *v1alpha1.Rule) {
		one := int32(1)
		r.Limits.RateLimit = &v1alpha1.RateLimit{Requests: 1, Period: "1m", Concurrent: &one}
	}},
	"fewer tokens": {apply: func(_ *rapid.T, _ *world, r *v1alpha1.Rule) { one := int32(1); r.Limits.MaxTokensPerOwner = &one }},
	"narrower pattern": {true, func(_ *rapid.T, _ *world, r *v1alpha1.Rule) {
		r.Limits.DescriptionPattern = patterns[min(slices.Index(patterns, r.Limits.DescriptionPattern)+1, len(patterns)-1)]
	}},
	"fewer labels": {true, func(_ *rapid.T, _ *world, r *v1alpha1.Rule) {
		r.Limits.SecretLabels = shorter(r.Limits.SecretLabels, 0)
	}},
	"fewer users":      {apply: func(_ *rapid.T, _ *world, r *v1alpha1.Rule) { r.Owners.Users = shorter(r.Owners.Users, 0) }},
	"fewer groups":     {apply: func(_ *rapid.T, _ *world, r *v1alpha1.Rule) { r.Owners.Groups = shorter(r.Owners.Groups, 0) }},
	"fewer namespaces": {true, func(_ *rapid.T, _ *world, r *v1alpha1.Rule) { r.Namespaces.Names = shorter(r.Namespaces.Names, 0) }},
	"fewer allowed namespaces": {true, func(_ *rapid.T, w *world, _ *v1alpha1.Rule) {
		w.policy.Spec.AllowedNamespaces.Names = shorter(w.policy.Spec.AllowedNamespaces.Names, 0)
	}},
	"ask for approval":      {true, func(_ *rapid.T, _ *world, r *v1alpha1.Rule) { r.Approval = &v1alpha1.RuleApproval{Required: true} }},
	"not for privileged":    {apply: func(_ *rapid.T, _ *world, r *v1alpha1.Rule) { r.Owners.Privileged = false }},
	"ask who declared it":   {true, narrowCreate},
	"nobody is a requester": {true, func(_ *rapid.T, w *world, _ *v1alpha1.Rule) { w.policy.Spec.Requesters = nil }},
	"one more is privileged": {apply: func(t *rapid.T, w *world, _ *v1alpha1.Rule) {
		w.policy.Spec.PrivilegedGroups = append(w.policy.Spec.PrivilegedGroups, rapid.SampledFrom(groupNames).Draw(t, "privileged"))
	}},
	"deny an owner": {apply: func(t *rapid.T, w *world, _ *v1alpha1.Rule) {
		w.policy.Spec.Deny = &v1alpha1.Deny{Owners: some(t, users, 1, "denied")}
	}},
	"deny a token": {true, func(t *rapid.T, w *world, _ *v1alpha1.Rule) {
		denied := []v1alpha1.DeniedToken{"dev/older", "ops/older", "dev/t"}
		w.policy.Spec.Deny = &v1alpha1.Deny{Tokens: some(t, denied, 1, "denied")}
	}},
	"deny a namespace": {true, func(t *rapid.T, w *world, _ *v1alpha1.Rule) {
		w.policy.Spec.Deny = &v1alpha1.Deny{Namespaces: some(t, spaces, 1, "denied")}
	}},
	"a member leaves a declared group":  {true, leaveDeclared},
	"a member leaves a group of Jira's": {true, leaveInJira},
	"lose the directory":                {apply: func(_ *rapid.T, w *world, _ *v1alpha1.Rule) { w.dir = nil }},
	"lose a group":                      {apply: loseGroup},
	"a group grows old":                 {apply: ageGroup},
	"lose the owner": {apply: func(_ *rapid.T, w *world, _ *v1alpha1.Rule) {
		if w.dir != nil {
			delete(w.dir.Users, grant.FoldUser(w.request.Owner))
		}
	}},
	"the owner was another one": {apply: func(_ *rapid.T, w *world, _ *v1alpha1.Rule) { w.request.OwnerKey = "another" }},
	"lose the requester":        {apply: func(_ *rapid.T, w *world, _ *v1alpha1.Rule) { w.request.Requester = nil }},
	"the requester leaves a group": {apply: func(_ *rapid.T, w *world, _ *v1alpha1.Rule) {
		if w.request.Requester != nil {
			w.request.Requester.Groups = shorter(w.request.Requester.Groups, 0)
		}
	}},
	"one more older token": {apply: func(t *rapid.T, w *world, _ *v1alpha1.Rule) {
		older := drawRequest(t, "older")
		older.Owner = w.request.Owner
		w.older = append(w.older, older)
	}},
}

func narrowCreate(t *rapid.T, _ *world, r *v1alpha1.Rule) {
	switch {
	case r.Create == nil:
		r.Create = &v1alpha1.Create{Self: true, OnBehalf: some(t, subjects(), 0, "on behalf")}
	case r.Create.Self && chance(t, 5, "no self"):
		r.Create.Self = false
	default:
		r.Create.OnBehalf = shorter(r.Create.OnBehalf, 0)
	}
}

// privileged tells whether a group is privileged: leaving such a one gives back what every other owner may.
func (w *world) privileged(name v1alpha1.JiraGroupName) bool {
	return slices.ContainsFunc(w.policy.Spec.PrivilegedGroups, func(p v1alpha1.JiraGroupName) bool {
		return grant.SameUser(string(p), string(name))
	})
}

func leaveDeclared(t *rapid.T, w *world, _ *v1alpha1.Rule) {
	g := &w.policy.Spec.JiraGroups[pick(t, len(w.policy.Spec.JiraGroups))]
	if !w.privileged(g.Name) {
		g.Members = shorter(g.Members, 0)
	}
}

func leaveInJira(t *rapid.T, w *world, _ *v1alpha1.Rule) {
	name := rapid.SampledFrom(groupNames).Draw(t, "group")
	if g := w.dir.Group(string(name)); g != nil && !w.privileged(name) {
		delete(g.Members, grant.FoldUser(string(rapid.SampledFrom(users).Draw(t, "leaves"))))
	}
}

func loseGroup(t *rapid.T, w *world, _ *v1alpha1.Rule) {
	if w.dir != nil {
		delete(w.dir.Groups, grant.FoldUser(string(rapid.SampledFrom(groupNames).Draw(t, "group"))))
	}
}

func ageGroup(t *rapid.T, w *world, _ *v1alpha1.Rule) {
	if g := w.dir.Group(string(rapid.SampledFrom(groupNames).Draw(t, "group"))); g != nil {
		g.SyncedAt = longAgo
	}
}
