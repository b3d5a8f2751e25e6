// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

func pairPolicy() *v1alpha1.TokenPolicy {
	p := withDirectory(testPolicy())
	p.Spec.AllowedNamespaces = v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{"dev", "ops", "jira-gateway"}}
	p.Spec.JiraGroups = []v1alpha1.JiraGroup{{Name: "Devs", Members: []v1alpha1.JiraUserName{"Dora"}}}
	for _, g := range []string{"staff", "leads", "unread"} {
		fromJira(p, g)
	}
	p.Spec.PrivilegedGroups = []v1alpha1.JiraGroupName{"admins"}
	p.Spec.Requesters = &v1alpha1.Requesters{StripPrefix: "oidc:"}
	for _, o := range pairOwners {
		p.Spec.Requesters.Users = append(p.Spec.Requesters.Users, v1alpha1.RequesterUser{Name: "kc-" + o.name, JiraUser: v1alpha1.JiraUserName(o.name)})
	}
	p.Spec.Rules = p.Spec.Rules[:1]
	p.Spec.Rules[0].Limits = v1alpha1.Limits{Scopes: []v1alpha1.Scope{"read"}}
	return p
}

func pairSnapshot() *directory.Snapshot {
	s := snapshot()
	for _, o := range pairOwners {
		if o.jiraUser != nil {
			s.Users[o.name] = &directory.User{
				Name: o.name, Key: o.jiraUser.Key, Active: o.jiraUser.Active, FormerKey: o.jiraUser.FormerKey, CheckedAt: lately,
			}
		}
	}
	addGroup(s, "staff", "jim")
	addGroup(s, "leads", "lea")
	addGroup(s, "admins", "ada")
	return s
}

// pairVerdict puts the answers of a rule's parts together.
func pairVerdict(answers string, needsApproval bool, state policy.Verdict) (policy.Verdict, bool) {
	switch {
	case strings.Contains(answers, "-"):
		return policy.NamespaceNotAllowed, false
	case strings.Contains(answers, "N"):
		return policy.NotPermitted, false
	case strings.Contains(answers, "j"):
		return policy.DirectoryPending, false
	case strings.Contains(answers, "r"):
		return policy.RequesterUnknown, false
	}
	return state, needsApproval && state == policy.Permitted
}

// TestEveryPairing: every kind of owner, with every kind of requester, in every kind of namespace, under every shape of a
// rule and every limit, with Jira read and not read.
func TestEveryPairing(t *testing.T) {
	var count atomic.Int64
	t.Run("rules", func(t *testing.T) {
		for _, owners := range pairRuleOwners {
			for _, lost := range []bool{false, true} {
				t.Run(owners.name, func(t *testing.T) {
					t.Parallel()
					dir, answers, privilegedAnswers := pairSnapshot(), owners.fresh, pairPrivilegedFresh
					if lost {
						dir, answers, privilegedAnswers = nil, owners.lost, pairPrivilegedLost
					}
					for shape := range 3 {
						p := pairPolicy()
						r := &p.Spec.Rules[0]
						r.Owners, r.Owners.Privileged = owners.owners, shape > 0
						r.Approval = &v1alpha1.RuleApproval{Required: shape > 1}
						privileged := privilegedAnswers
						if r.Owners.Privileged {
							privileged = strings.Repeat("Y", len(pairOwners))
						}
						count.Add(pairRule(t, p, dir, func(owner int) string { return answers[owner:owner+1] + privileged[owner:owner+1] }))
					}
				})
			}
		}
	})
	t.Logf("%d pairings", count.Load())
}

// pairRule tries all that a rule does not say of owners.
func pairRule(t *testing.T, p *v1alpha1.TokenPolicy, dir *directory.Snapshot, ownerAnswers func(int) string) (count int64) {
	t.Helper()
	r := &p.Spec.Rules[0]
	for _, create := range pairCreates {
		created := create.fresh
		if dir == nil {
			created = create.lost
		}
		for _, limits := range pairLimits {
			r.Create, r.Limits = create.create, v1alpha1.Limits{Scopes: []v1alpha1.Scope{"read"}}
			limits.limit(&r.Limits)
			kept := map[bool]string{true: "Y", false: "N"}[limits.keeps]
			compiled := compile(t, p, dir)
			for o, owner := range pairOwners {
				state := owner.state
				if dir == nil {
					state = policy.DirectoryPending
				}
				for who := range pairRequesters {
					asked := request(func(r *policy.Request) {
						r.Owner, r.OwnerKey, r.Requester = owner.name, owner.pinned, pairRequesters[who](owner.name)
						limits.ask(r)
					})
					for namespace, placed := range pairNamespaces {
						count++
						asked.Namespace = namespace
						got := compiled.Evaluate(asked)
						want, approval := pairVerdict(ownerAnswers(o)+created[who:who+1]+kept+string(placed), r.Approval.Required, state)
						if got.Verdict != want || got.NeedsApproval != approval || got.Message == "" || len(got.Message) > 960 {
							t.Errorf("owner %s, create %s, requester %d, limit %s, namespace %s, rule %+v: %d (approval %v) %s, want %d (approval %v)", owner.name,
								create.name, who, limits.name, namespace, r.Owners, got.Verdict, got.NeedsApproval, got.Message, want, approval)
						}
					}
				}
			}
		}
	}
	return count
}
